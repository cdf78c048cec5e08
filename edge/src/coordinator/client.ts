/** The coordinator as other rooms call it: a typed stub. Every call may fail when the object restarts. */
export type { Progress } from "./progress.ts";
export type { CoordinatorStatus } from "./status.ts";

/** The pool that all jobs belong to until one object is no longer enough. */
export const MAIN_POOL = "main";
/** Set by `routes.ts` on an upgrade that it has authenticated, and never taken over from outside. */
export const AGENT_HEADER = "x-capcloud-agent";
export const ORIGIN_HEADER = "x-capcloud-origin";

export function coordinatorOf(env: Env, pool: string = MAIN_POOL) {
  return env.COORDINATOR.getByName(pool);
}
