/** Our edge and a bare Worker side by side, each in a workerd of its own whose CPU time can be told apart. */
import type { Bench } from "../benchmark.ts";
import { startBareWorker } from "./bare-worker.ts";
import { openHouse } from "./house.ts";
import { cpuOfAll, ourProcesses } from "./processes.ts";
import { number } from "./report.ts";
import { takeTurns } from "./sides.ts";

export interface TwoWorkerds {
  ours: string;
  bare: string;
  /** CPU seconds of each so far. */
  cpu(): Record<"ours" | "bare", number>;
}

export async function startTwo(bench: Bench): Promise<TwoWorkerds> {
  const { url } = await openHouse(bench);
  const first = ourProcesses("workerd");
  const bare = await startBareWorker(bench);
  const second = ourProcesses("workerd").filter((pid) => !first.includes(pid));
  return { ours: url, bare, cpu: () => ({ ours: cpuOfAll(first), bare: cpuOfAll(second) }) };
}

type Sides = Record<"ours" | "bare", (round: number) => Promise<number>>;

/** Takes turns after one uncounted round of each; the note says what both cost in CPU time. */
export async function compareTwo(two: TwoWorkerds, sides: Sides, rounds: number) {
  await sides.ours(0);
  await sides.bare(0);
  const before = two.cpu();
  const times = await takeTurns(sides, rounds);
  const after = two.cpu();
  const [ours, bare] = [(after.ours - before.ours) / rounds, (after.bare - before.bare) / rounds];
  const note = `CPU of workerd a round: ours ${number(ours)} s, bare ${number(bare)} s (${number(bare / ours)})`;
  return { times, note };
}
