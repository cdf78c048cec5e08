/** Enrolment: a machine asks and fetches its key; the operator looks, confirms or declines. */
import { z } from "zod";
import { readCode } from "../../catalog/enrolments.ts";
import { createApp } from "../../http/app.ts";
import { rateLimit } from "../../http/rate-limit.ts";
import { addressOf, bearerOf } from "../../identity/visitor.ts";
import { Label, readBody, Tier } from "../desk.ts";
import { askToEnrol, confirmMachine, declineMachine, pollForKey, readEnrolment } from "../enrolling.ts";
import { deskOf, FRESH, operatorOnly } from "./operator-only.ts";

const Asked = z.object({ label: Label, platform: Label });
const Wishes = z.object({ label: Label.optional(), tier: Tier.optional() });

export const enrolmentRoutes = createApp();

enrolmentRoutes.post("/api/enrolments", rateLimit("READ_LIMIT"), async (c) => {
  const asked = await readBody(c.req.raw, Asked);
  const country = typeof c.req.raw.cf?.country === "string" ? c.req.raw.cf.country : null;
  const asker = { ...asked, address: addressOf(c.req.raw), country };
  return c.json({ success: true, ...(await askToEnrol(deskOf(c), asker, Date.now())) }, 201, FRESH);
});

enrolmentRoutes.get("/api/enrolments/:code", rateLimit("READ_LIMIT"), async (c) => {
  const code = readCode(c.req.param("code"));
  const answer = await pollForKey(deskOf(c), code, bearerOf(c.req.raw), Date.now());
  return c.json({ success: true, ...answer }, answer.state === "waiting" ? 202 : 200, FRESH);
});

enrolmentRoutes.get("/api/enrolments/:code/request", rateLimit("READ_LIMIT"), operatorOnly, async (c) => {
  const asked = await readEnrolment(deskOf(c), readCode(c.req.param("code")), Date.now());
  return c.json({ success: true, ...asked }, 200, FRESH);
});

enrolmentRoutes.post("/api/enrolments/:code/confirm", rateLimit("READ_LIMIT"), operatorOnly, async (c) => {
  const wishes = await readBody(c.req.raw, Wishes);
  const confirmed = await confirmMachine(deskOf(c), readCode(c.req.param("code")), wishes, Date.now());
  return c.json({ success: true, ...confirmed }, 200, FRESH);
});

enrolmentRoutes.post("/api/enrolments/:code/decline", rateLimit("READ_LIMIT"), operatorOnly, async (c) => {
  await declineMachine(deskOf(c), readCode(c.req.param("code")), Date.now());
  return c.body(null, 204, FRESH);
});
