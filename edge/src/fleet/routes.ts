/** The operator's doors, mounted by index.ts: agents, enrolment, jobs, and the session that opens them. */
import { createApp } from "../http/app.ts";
import { agentRoutes } from "./routes/agents.ts";
import { enrolmentRoutes } from "./routes/enrolments.ts";
import { fileJobRoutes } from "./routes/file-jobs.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { sessionRoutes } from "./routes/session.ts";

export const fleetRoutes = createApp()
  .route("/", sessionRoutes)
  .route("/", agentRoutes)
  .route("/", enrolmentRoutes)
  .route("/", jobRoutes)
  .route("/", fileJobRoutes);
