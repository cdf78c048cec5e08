/**
 * After the faults: waits until nothing is in the making, looks at everything that users were promised, sends the
 * agents and the edge home, runs the daily sweep as of two days later, and compares the books. Everything that does
 * not hold is a sentence.
 */
import type { Arena } from "./arena.ts";
import { checkBooks } from "./check-books.ts";
import { checkFile } from "./check-files.ts";
import { checkJob, type JobRow, readLedger } from "./check-ledger.ts";
import { leftInWorkspaces, processesOf } from "./check-processes.ts";
import type { Load } from "./load.ts";
import type { Screen } from "./report.ts";
import { Operator } from "./operator.ts";
import { untilQuiet } from "./quiet.ts";
import { giveSecondChance } from "./second-chance.ts";

export interface CheckOptions {
  folder: string;
  settleMs: number;
  screen: Screen;
}

export async function checkAll(
  arena: Arena,
  load: Load,
  { folder, settleMs, screen }: CheckOptions,
): Promise<{ violations: string[]; jobs: JobRow[] }> {
  const { edge, history } = arena;
  const found = new Set<string>();
  const tell = (where: string, problems: readonly string[]) => {
    for (const problem of problems) found.add(where === "" ? problem : `${where}: ${problem}`);
  };
  screen.say("  faults stop; waiting until nothing is in the making …");
  await load.settle(settleMs);
  await untilQuiet(new Operator(edge.url, folder), history, settleMs);
  const again = await giveSecondChance(edge.url, load.kept, history);
  if (again > 0) screen.say(`  ${again} files had been given up; tried once more …`);
  const stuck = await load.settle(settleMs);
  tell("", await untilQuiet(new Operator(edge.url, folder), history, settleMs));
  tell(
    "",
    stuck.map(({ id }) => `file ${id} is still in the making after ${settleMs / 1_000} s`),
  );
  screen.say("  asking for everything that was promised …");
  for (const file of load.kept) {
    if (!stuck.includes(file))
      tell(`file ${file.id} (${nameOf(file.sample.path)})`, await checkFile(edge.url, file));
  }
  screen.say("  sending everybody home and comparing the books …");
  tell("", await sendHome(arena));
  tell("", await sweepAndCompare(arena));
  const jobs = readLedger(folder);
  tell("", jobs.flatMap(checkJob));
  tell("workspace", leftInWorkspaces(folder));
  tell("process left", processesOf(folder));
  for (const { event, facts } of history.entries) {
    if (event === "violation") tell("", [Object.values(facts).join(" · ")]);
    if (event === "agent ended by itself")
      tell("", [`${String(facts["agent"])} ended by itself (${String(facts["code"])})`]);
  }
  for (const what of found) history.note("found", { what });
  return { violations: [...found], jobs };
}

async function sendHome({ seats, edge }: Arena): Promise<string[]> {
  const codes = await Promise.all(seats.map(async (seat) => [seat.name, await seat.drain()] as const));
  await edge.stop();
  return codes.flatMap(([name, code]) =>
    code === 0 ? [] : [`${name} ended with ${String(code)} at the end`],
  );
}

async function sweepAndCompare(arena: Arena): Promise<string[]> {
  const edge = await arena.openBooks();
  try {
    await edge.scheduled(quietHour());
    return await checkBooks(edge);
  } finally {
    await edge.stop();
  }
}

/** The daily sweep of the day after tomorrow: past every grace. */
function quietHour(): number {
  const day = new Date();
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + 3, 3);
}

function nameOf(path: string): string {
  return path.split("/").at(-1) ?? path;
}
