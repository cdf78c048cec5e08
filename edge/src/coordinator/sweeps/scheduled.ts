/**
 * The minute's cron: everything that a crash may have left undone is found and mended here. Which sweep runs
 * is chosen by the minute of `now`. One that fails is logged and comes again; it never keeps another from
 * its turn.
 */
import { dropSentWork } from "../../catalog/sweeps.ts";
import { DAY, loadConfig, type Config } from "../../config.ts";
import { openDatabase, type Database } from "../../db/client.ts";
import { logLine } from "../../http/log.ts";
import { everywhere } from "../client.ts";
import { said } from "../pool.ts";
import { allPools } from "../pools/pools.ts";
import { forgetAsked, tellOrders } from "./sweep-agents.ts";
import { resendLost } from "./sweep-files.ts";
import { sweepShards } from "./sweep-objects.ts";
import { balancePools } from "./sweep-pools.ts";
import { abortOldUploads, releaseReservations } from "./sweep-uploads.ts";
import { callFleet, forgetEvents, sendEvents, tellLosses } from "./sweep-webhooks.ts";
import { sendUnsent } from "./sweep-work.ts";

export interface Sweep {
  env: Env;
  config: Config;
  db: Database;
  now: number;
  /** All there are. */
  pools: readonly string[];
  /** Those that agents are on their way to since this very minute. */
  helped: Set<string>;
}

/** A word that was heard is kept so long, for people who look for it. */
const SENT_KEPT_MS = 30 * DAY;
/** Minutes. */
const QUARTER = 15;
/** Hour of the day, UTC, of the daily sweeps. */
const QUIET_HOUR = 3;

export async function runScheduled(env: Env, _cron: string, now: number): Promise<void> {
  const config = loadConfig(env);
  const db = openDatabase(env.DB);
  // Without the catalogue time goes on for the pools of the configuration at least.
  const pools = await allPools(env, db).catch(() => config.pools);
  const sweep: Sweep = { env, config, db, now, pools, helped: new Set() };
  for (const [name, run] of Object.entries(sweepsAt(now))) {
    try {
      await run(sweep);
    } catch (error) {
      logLine(config.logLevel, "error", "sweep failed", { sweep: name, error: said(error) });
    }
  }
}

/** What is long over, here and in the catalogue's outbox. */
async function forgetOld({ env, db, now, pools }: Sweep): Promise<void> {
  await everywhere(env, pools, (coordinator) => coordinator.forgetOld(now));
  await dropSentWork(db, now - SENT_KEPT_MS);
}

/** Those of this minute, in the order in which they run. */
export function sweepsAt(now: number): Record<string, (sweep: Sweep) => Promise<unknown>> {
  const time = new Date(now);
  const quarterly = time.getUTCMinutes() % QUARTER === 0;
  const daily = time.getUTCMinutes() === 0 && time.getUTCHours() === QUIET_HOUR;
  return {
    sendUnsent,
    tellOrders,
    tick: ({ env, pools }) => everywhere(env, pools, (coordinator) => coordinator.tick(now)),
    balancePools,
    ...(quarterly ? { releaseReservations, resendLost } : {}),
    ...(daily ? { abortOldUploads, sweepShards, forgetOld, forgetAsked, forgetEvents } : {}),
    // Last: a receiver that does not answer takes its time.
    callFleet,
    tellLosses,
    sendEvents,
  };
}
