/** The operator's session in a browser: `POST`, `GET` and `DELETE /api/operator/session`. */
import { z } from "zod";
import { createApp } from "../../http/app.ts";
import { rateLimit } from "../../http/rate-limit.ts";
import { newSession, sessionCookie } from "../../identity/operator.ts";
import { addressOf, judgeToken, refused } from "../../identity/visitor.ts";
import { readBody } from "../desk.ts";
import { FRESH, operatorOnly } from "./operator-only.ts";

const SignIn = z.object({ token: z.string().min(1).max(1_000) });

export const sessionRoutes = createApp();

sessionRoutes.post("/api/operator/session", rateLimit("READ_LIMIT"), async (c) => {
  const { operatorToken } = c.get("config");
  const now = Date.now();
  if (operatorToken === null) throw refused({ reason: "unset" }, now);
  const { token } = await readBody(c.req.raw, SignIn);
  const refusal = await judgeToken(token.trim(), operatorToken, c.get("db"), addressOf(c.req.raw), now);
  if (refusal !== null) throw refused(refusal, now);
  const cookie = sessionCookie(c.req.url, await newSession(operatorToken, now));
  return c.body(null, 204, { ...FRESH, "Set-Cookie": cookie });
});

sessionRoutes.get("/api/operator/session", rateLimit("READ_LIMIT"), operatorOnly, (c) =>
  c.body(null, 204, FRESH),
);

sessionRoutes.delete("/api/operator/session", rateLimit("READ_LIMIT"), (c) =>
  c.body(null, 204, { ...FRESH, "Set-Cookie": sessionCookie(c.req.url, null) }),
);
