/**
 * What a patient operator does when the faults are over: files of which a job was given up, because chance struck it
 * again and again or somebody had stopped it, are tried once more. What fails then fails by the code. With real processes
 * `scripts/chaos/second-chance.ts` does the same.
 */
import type { Liveness } from "./liveness.ts";
import type { Simulated } from "./simulated.ts";
import { givenUp, isHopeless, keptFiles } from "./wholeness.ts";

/** And waits for it. */
export async function giveSecondChance(
  parts: Simulated,
  liveness: Liveness,
  stop: () => boolean,
): Promise<void> {
  const tried = keptFiles(parts).filter(({ film }) => !isHopeless(film));
  const lost = tried.map(({ id }) => ({ id, jobs: givenUp(parts.object, id) }));
  for (const { id, jobs } of lost) {
    const stopped = jobs.filter(({ error }) => error?.includes('"stopped"'));
    if (jobs.length > 0)
      parts.edge.retry(
        id,
        stopped.map((job) => job.id),
      );
  }
  if (lost.some(({ jobs }) => jobs.length > 0)) await liveness.settle(stop);
}
