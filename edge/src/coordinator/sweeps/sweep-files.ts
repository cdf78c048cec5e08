/**
 * Each quarter of an hour: files that the catalogue believes to be in the making while nobody makes them.
 * A rung that was asked for and that nobody makes is made; what the coordinator knows it says once more; what it has
 * never heard of begins anew. However many wait for agents, those behind them are looked at too.
 */
import { ulid } from "../../catalog/ids.ts";
import { listUnsettled, type Unsettled } from "../../catalog/sweeps.ts";
import { MINUTE } from "../../config.ts";
import { logLine } from "../../http/log.ts";
import { everywhere, type CoordinatorCalls } from "../client.ts";
import type { Sweep } from "./scheduled.ts";

/** Younger files are left alone. */
const SETTLED_MS = 15 * MINUTE;
/** Files looked at together, and lost ones after which a pass ends: the next goes on with those that are left. */
const FILES_PER_PAGE = 500;
const LOST_PER_PASS = 500;

export async function resendLost(sweep: Sweep): Promise<void> {
  let left = LOST_PER_PASS;
  let last: Unsettled | null = null;
  const failures: unknown[] = [];
  do {
    const page = await listUnsettled(sweep.db, sweep.now - SETTLED_MS, FILES_PER_PAGE, last);
    last = page.length < FILES_PER_PAGE ? null : (page.at(-1) ?? null);
    // A pool that does not answer keeps no other's files back.
    left -= await resendPage(sweep, page).catch((error: unknown) => {
      failures.push(error);
      return 0;
    });
  } while (last !== null && left > 0);
  if (failures.length > 0) throw failures[0];
}

/** How many of them were lost. */
async function resendPage(sweep: Sweep, page: readonly Unsettled[]): Promise<number> {
  const byPool = Map.groupBy(page, ({ pool }) => pool);
  const found = await everywhere(sweep.env, [...byPool.keys()], async (coordinator, pool) => {
    const own = (byPool.get(pool) ?? []).map(({ id }) => id);
    const busy = new Set(await coordinator.busyFiles(own));
    const lost = own.filter((id) => !busy.has(id));
    for (const fileId of lost) await resendFile(sweep, coordinator, fileId);
    return lost.length;
  });
  return found.reduce((sum, count) => sum + count, 0);
}

async function resendFile(
  { config, now }: Sweep,
  coordinator: CoordinatorCalls,
  fileId: string,
): Promise<void> {
  // First, lest what is said once more settles the file without the rung that it waits for.
  const added = await coordinator.addRungs(fileId);
  const known = (await coordinator.resend(fileId)) || added;
  if (!known) await coordinator.enqueueFile(fileId, ulid(now));
  logLine(config.logLevel, "warn", "lost work found", { file: fileId, known });
}
