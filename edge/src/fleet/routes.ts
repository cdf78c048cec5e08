/** The operator's doors, mounted by index.ts: agents, enrolment, jobs, figures, the webhook, and the session that opens them. */
import { createApp } from "../http/app.ts";
import { agentRoutes } from "./routes/agents.ts";
import { enrolmentRoutes } from "./routes/enrolments.ts";
import { fileJobRoutes } from "./routes/file-jobs.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { sessionRoutes } from "./routes/session.ts";
import { webhookRoutes } from "./routes/webhook.ts";

export const fleetRoutes = createApp()
  .route("/", sessionRoutes)
  .route("/", agentRoutes)
  .route("/", enrolmentRoutes)
  .route("/", jobRoutes)
  .route("/", fileJobRoutes)
  .route("/", metricsRoutes)
  .route("/", webhookRoutes);
