/**
 * Each quarter of an hour: files that the catalogue believes to be in the making while nobody makes them.
 * A rung that was asked for and that nobody makes is made; what the coordinator knows it says once more; what it has
 * never heard of begins anew.
 */
import { ulid } from "../../catalog/ids.ts";
import { listUnsettled } from "../../catalog/sweeps.ts";
import { MINUTE } from "../../config.ts";
import { logLine } from "../../http/log.ts";
import { everywhere } from "../client.ts";
import type { Sweep } from "./scheduled.ts";

/** Younger files are left alone. */
const SETTLED_MS = 15 * MINUTE;
const FILES_PER_PASS = 500;

export async function resendLost({ env, config, db, now }: Sweep): Promise<void> {
  const unsettled = await listUnsettled(db, now - SETTLED_MS, FILES_PER_PASS);
  const byPool = Map.groupBy(unsettled, ({ pool }) => pool);
  await everywhere(env, [...byPool.keys()], async (coordinator, pool) => {
    const own = (byPool.get(pool) ?? []).map(({ id }) => id);
    const busy = new Set(await coordinator.busyFiles(own));
    for (const fileId of own.filter((id) => !busy.has(id))) {
      // First, lest what is said once more settles the file without the rung that it waits for.
      const added = await coordinator.addRungs(fileId);
      const known = (await coordinator.resend(fileId)) || added;
      if (!known) await coordinator.enqueueFile(fileId, ulid(now));
      logLine(config.logLevel, "warn", "lost work found", { file: fileId, known });
    }
  });
}
