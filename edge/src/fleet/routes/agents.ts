/** The operator's agents: `GET` and `POST /api/agents`, `PATCH` and `DELETE /api/agents/{id}`. */
import { z } from "zod";
import { AGENT_STATES } from "../../db/schema.ts";
import { createApp } from "../../http/app.ts";
import { Problem } from "../../http/problems.ts";
import { rateLimit } from "../../http/rate-limit.ts";
import { addAgent, dismissAgent, editAgent, readFleet } from "../agents.ts";
import { Label, readBody, Tier } from "../desk.ts";
import { deskOf, FRESH, operatorOnly } from "./operator-only.ts";

const NewAgent = z.object({ label: Label });
const Change = z.object({
  label: Label.optional(),
  tier: Tier.optional(),
  state: z.enum(AGENT_STATES).optional(),
  pool: z.string().max(40).optional(),
});

export const agentRoutes = createApp();

agentRoutes.get("/api/agents", rateLimit("READ_LIMIT"), operatorOnly, async (c) =>
  c.json({ success: true, ...(await readFleet(deskOf(c), Date.now())) }, 200, FRESH),
);

agentRoutes.post("/api/agents", rateLimit("READ_LIMIT"), operatorOnly, async (c) => {
  const { label } = await readBody(c.req.raw, NewAgent);
  return c.json({ success: true, ...(await addAgent(deskOf(c), label, Date.now())) }, 201, FRESH);
});

agentRoutes.patch("/api/agents/:id", rateLimit("READ_LIMIT"), operatorOnly, async (c) => {
  const change = await readBody(c.req.raw, Change);
  if (Object.keys(change).length === 0) {
    throw new Problem("invalid", "Nothing was to be changed.", {
      hint: 'Send one of label, tier (0–9), state ("active", "paused", "draining") and pool.',
    });
  }
  const agent = await editAgent(deskOf(c), c.req.param("id"), change, Date.now());
  return c.json({ success: true, ...agent }, 200, FRESH);
});

agentRoutes.delete("/api/agents/:id", rateLimit("READ_LIMIT"), operatorOnly, async (c) => {
  await dismissAgent(deskOf(c), c.req.param("id"), Date.now());
  return c.body(null, 204, FRESH);
});
