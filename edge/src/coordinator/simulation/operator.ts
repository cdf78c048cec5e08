/**
 * An operator who changes their mind at the worst moment: a job is cancelled while its objects are looked for, by a
 * storage that takes its time, and is redriven at once, so that it may be made once more before the first look is
 * over. Called by `nemesis.ts`.
 */
import { SECOND } from "../../config.ts";
import type { Chance } from "./random.ts";
import type { Simulated } from "./simulated.ts";

/** The first look takes at most so long. */
const SLOW_MS = 40 * SECOND;
const HEAD = /^r2 head (r\/([^/]+)\/.*\/)/;

export function interfere({ world, object, buckets, edge }: Simulated, stream: Chance): void {
  world.traps.add((label, asker) => {
    const [, folder, fileId] = HEAD.exec(label) ?? [];
    if (folder === undefined || fileId === undefined || asker !== object.process) return false;
    const [job] = object.rows<{ id: string }>(
      "select id from jobs where state = 'committing' and fileId = ? and instr(prefixes, ?) > 0",
      ...[fileId, folder],
    );
    if (!job) return false;
    const illness = { before: 0, after: 0, stall: 1, stallMs: SLOW_MS, chance: stream };
    // What is asked in this moment and not a moment later.
    for (const { health } of buckets.values())
      health.fall({ ...illness, from: world.now, until: world.now + 0.001 });
    const cancels = () => edge.reconsider(job.id, stream.between(0, 2 * SECOND));
    world.after(stream.between(0, 2 * SECOND), world.system, "the operator looks in", cancels);
    return true;
  });
}
