/** The front door: mounts the rooms, exports the Durable Object and the scheduled handler; no logic. */
import { createApp } from "./http/app.ts";

const app = createApp();
app.get("/", (c) => c.text("ok"));
import { DurableObject } from "cloudflare:workers";
export class Coordinator extends DurableObject<Env> {}
export default app;
