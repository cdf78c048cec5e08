/**
 * Each minute: whether agents are wanted or no longer so, and what waits for the webhook's receiver. Nothing is
 * looked at where there is no receiver.
 */
import { fleetHappening, fleetTopic, type Demand } from "../../activity/fleet-demand.ts";
import { sendWaiting } from "../../activity/sending.ts";
import { dropSettled, latestOfTopic, tell } from "../../activity/webhook-store.ts";
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
