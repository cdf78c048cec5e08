/**
 * The Worker with one more door, for tests: calls of the coordinator by HTTP. A stub held outside workerd
 * would keep the object from being evicted.
 */
// The whole Worker stands behind this door, so its front is imported here and by no other file of the room.
// oxlint-disable-next-line no-restricted-imports
import index from "../../index.ts";
import { coordinatorOf } from "../client.ts";
import { runScheduled } from "../sweeps/scheduled.ts";

// oxlint-disable-next-line no-restricted-imports -- the same
export { Coordinator } from "../../index.ts";

const CALL_PATH = "/testing/coordinator";

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname !== CALL_PATH) return index.fetch(request, env, context);
    const { method, args, pool } = await request.json<{ method: string; args: unknown[]; pool: string }>();
    if (method === "scheduled") {
      await runScheduled(env, "* * * * *", Number(args[0]));
      return Response.json(null);
    }
    const coordinator = coordinatorOf(env, pool);
    const answer: unknown = await Reflect.apply(Reflect.get(coordinator, method), coordinator, args);
    return Response.json(answer ?? null);
  },
};
