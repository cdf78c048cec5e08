/**
 * What a patient operator does after a storm: files of which a job was given up, because chance struck it again and
 * again, are tried once more. What no second try can help (a film that cannot be read) stays as it is, and is
 * found by the checker.
 */
import { z } from "zod";
import type { History } from "./history.ts";
import type { Kept } from "./load.ts";

const Jobs = z.object({
  jobs: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      state: z.string(),
      error: z.object({ code: z.string() }).nullable(),
    }),
  ),
});

/** Of `protocol.md`: the job is dead at once. */
const PERMANENT: ReadonlySet<string> = new Set([
  "unsupported",
  "corrupt",
  "too_large",
  "refused",
  "source_gone",
]);

/** Answers how many files are being tried again. */
export async function giveSecondChance(
  host: string,
  kept: readonly Kept[],
  history: History,
): Promise<number> {
  let files = 0;
  for (const file of kept) {
    if (file.state !== "kept" || file.poison) continue;
    const headers = { "x-delete-key": new URL(file.delete_url).searchParams.get("key") ?? "" };
    const answer = await fetch(`${host}/api/files/${file.id}/jobs`, { headers });
    const dead = Jobs.parse(await answer.json()).jobs.filter(({ state }) => state === "dead");
    for (const { id, kind, error } of dead) {
      history.note("job given up", { file: file.id, job: id, kind, code: error?.code ?? null });
    }
    if (dead.length === 0 || dead.some(({ error }) => PERMANENT.has(error?.code ?? ""))) continue;
    const retried = await fetch(`${host}/api/files/${file.id}/retry`, { method: "POST", headers });
    await retried.arrayBuffer();
    history.note("second chance", { file: file.id, status: retried.status });
    if (!retried.ok) continue;
    // What is made after a file is ready leaves it so.
    if (file.status !== "ready") file.status = "processing";
    files += 1;
  }
  return files;
}
