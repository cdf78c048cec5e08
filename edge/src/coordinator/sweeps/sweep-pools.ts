/** Each minute, where there are several pools: a key that runs in two of them runs in one, and agents go where they are wanted. With one pool nobody is asked. */
import { logLine } from "../../http/log.ts";
import { balance } from "../pools/balance.ts";
import { doubles } from "../pools/replacing.ts";
import { coordinatorOf, everywhere } from "../client.ts";
import { said } from "../pool.ts";
import type { Sweep } from "./scheduled.ts";

export async function balancePools({ env, config, now, pools, helped }: Sweep): Promise<void> {
  if (pools.length < 2) return;
  const warn = (pool: string, error: unknown) =>
    logLine(config.logLevel, "warn", "pool not balanced", { pool, error: said(error) });
  // One that does not answer takes no part.
  const answers = await everywhere(env, pools, (coordinator, pool) =>
    coordinator.standing(now).catch((error: unknown) => warn(pool, error)),
  );
  const standings = answers.filter((answer) => answer !== undefined);
  for (const { older, newest } of doubles(standings.flatMap(({ links }) => links))) {
    await coordinatorOf(env, older.pool)
      .giveWay(newest)
      .catch((error: unknown) => warn(older.pool, error));
  }
  for (const { from, to, agents, when } of balance(standings, config.pools, now)) {
    try {
      const moved = await coordinatorOf(env, from).moveAgents(agents, to, when);
      // Who is busy there will be long in coming.
      if (moved.length > 0 && when === "idle") helped.add(to);
    } catch (error) {
      warn(from, error);
    }
  }
}
