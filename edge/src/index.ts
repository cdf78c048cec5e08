/** The front door: mounts the rooms, exports the Durable Object and the scheduled handler; no logic. */
import { createApp } from "./http/app.ts";

const app = createApp();

export default app;
