/**
 * Each minute: whether agents are wanted or no longer so, which of them are lost, and what waits for the webhook's
 * receiver. Nothing is looked at where there is no receiver.
 */
import { agentLost } from "../../activity/events.ts";
import { fleetHappening, fleetTopic, type Demand } from "../../activity/fleet-demand.ts";
import { sendWaiting } from "../../activity/sending.ts";
import { dropSettled, latestOfTopic, tell } from "../../activity/webhook-store.ts";
import { labelsOf } from "../../catalog/agents.ts";
import { DAY } from "../../config.ts";
import { everywhere } from "../client.ts";
import type { PoolFigures } from "../figures/figures.ts";
import type { Sweep } from "./scheduled.ts";

/** For people who look for them. */
const EVENTS_KEPT_MS = 30 * DAY;

export async function callFleet({ env, config, db, now, pools, helped }: Sweep): Promise<void> {
  if (config.webhook === null) return;
  // Nobody is to be woken for what an agent of another pool will do in a moment.
  const alone = pools.filter((pool) => !helped.has(pool));
  await everywhere(env, alone, async (coordinator) =>
    callFor(await coordinator.figures(now), { config, db, now }),
  );
}

async function callFor(
  figures: PoolFigures,
  { config, db, now }: Pick<Sweep, "config" | "db" | "now">,
): Promise<void> {
  const latest = await latestOfTopic(db, fleetTopic(figures.pool));
  const wantedSince = latest?.type === "fleet.wanted" ? latest.since : null;
  const happening = fleetHappening(demandOf(figures), wantedSince, config.fleetWaitMs, now);
  if (happening) await tell(db, happening, now);
}

/** One that is there in another pool is lost to nobody. */
export async function tellLosses({ env, config, db, now, pools }: Sweep): Promise<void> {
  if (config.webhook === null) return;
  const found = await everywhere(env, pools, async (coordinator, pool) =>
    (await coordinator.lostAgents([], now)).map((lost) => ({ ...lost, pool })),
  );
  const lost = found.flat();
  if (lost.length === 0) return;
  const standings = await everywhere(env, pools, (coordinator) => coordinator.standing(now));
  const here = new Set(standings.flatMap(({ links }) => links.map(({ agentId }) => agentId)));
  const labels = await labelsOf(
    db,
    lost.map(({ agentId }) => agentId),
  );
  for (const one of lost) {
    const label = labels.get(one.agentId) ?? null;
    if (!here.has(one.agentId)) await tell(db, agentLost({ ...one, label }), now);
  }
  // Cut off before this, the same is told once more under the same ids, which is telling it once.
  await everywhere(env, [...new Set(lost.map(({ pool }) => pool))], (coordinator, pool) => {
    const told = lost.filter((one) => one.pool === pool).map(({ agentId, since }) => ({ agentId, since }));
    return coordinator.lostAgents(told, now);
  });
}

export async function sendEvents({ config, db, now }: Sweep): Promise<void> {
  await sendWaiting(config, db, now);
}

export async function forgetEvents({ db, now }: Sweep): Promise<void> {
  await dropSettled(db, now - EVENTS_KEPT_MS);
}

function demandOf(figures: PoolFigures): Demand {
  const needing = (needs: "encoder" | "io") =>
    figures.waiting.filter((group) => group.needs === needs).reduce((sum, { count }) => sum + count, 0);
  const needs = { encoder: needing("encoder"), io: needing("io") };
  const { pool, oldestWaitMs, starving, starvingWaitMs, agentsOnline } = figures;
  return {
    ...{ pool, waiting: needs.encoder + needs.io, needs, oldestWaitMs, starving, starvingWaitMs },
    agentsOnline,
  };
}
