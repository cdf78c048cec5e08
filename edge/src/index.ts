/** The front door: mounts the rooms, exports the Durable Object and the scheduled handler; no logic. */
import { Coordinator } from "./coordinator/coordinator.ts";
import { coordinatorRoutes } from "./coordinator/routes.ts";
import { runScheduled } from "./coordinator/sweeps/scheduled.ts";
import { byteDoors, deliveryRoutes } from "./delivery/routes.ts";
import { fleetRoutes } from "./fleet/routes.ts";
import { answerProblems } from "./http/answer.ts";
import { appHostOnly } from "./http/app-host.ts";
import { createApp } from "./http/app.ts";
import { requireIntent } from "./http/intent.ts";
import { guardPath, requestContext } from "./http/request.ts";
import { requireSchema } from "./http/require-schema.ts";
import { visitorContext } from "./identity/routes.ts";
import { renderProblem } from "./pages/problem-page.tsx";
import { pageRoutes } from "./pages/routes.tsx";
import { storageRoutes } from "./storage/routes.ts";
import { uploadRoutes } from "./upload/routes.ts";

const app = createApp();
app.use(requestContext, guardPath, visitorContext, requireSchema, requireIntent);
app.route("/", storageRoutes);
app.route("/", byteDoors);
app.use(appHostOnly);
app.route("/", coordinatorRoutes);
app.route("/", fleetRoutes);
app.route("/", uploadRoutes);
app.route("/", deliveryRoutes);
app.route("/", pageRoutes);
answerProblems(app, renderProblem);

export { Coordinator };

export default {
  fetch: app.fetch,
  scheduled: (event, env, context) => {
    context.waitUntil(runScheduled(env, event.cron, event.scheduledTime));
  },
} satisfies ExportedHandler<Env>;
