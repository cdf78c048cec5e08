/** `npm run chaos -- --real`: one run, told to people. Answers whether everything held. */
import { onStop } from "../on-stop.ts";
import { CURL, ensureTools, FFMPEG } from "../system-tools.ts";
import { runReal } from "./real.ts";
import { createScreen } from "./report.ts";

export interface RealCommand {
  seed: number;
  minutes: number;
  agents: number;
  packed: boolean;
}

export async function commandReal({ seed, minutes, agents, packed }: RealCommand): Promise<boolean> {
  ensureTools([FFMPEG, CURL]);
  const screen = createScreen(process.stderr);
  screen.say(`Chaos with real processes: ${minutes} minutes of faults, ${agents} agents, seed ${seed}.`);
  const began = performance.now();
  let stop = () => Promise.resolve();
  onStop(() => stop(), 130);
  const { violations, history } = await runReal({
    ...{ seed, forMs: minutes * 60_000, agents, packed, screen },
    opened: (end) => (stop = end),
  });
  const took = Math.round((performance.now() - began) / 1_000);
  if (violations.length === 0) {
    screen.say(`  Everything held (${took} s).`);
    return true;
  }
  screen.say(`\n  ${violations.length} promises were broken:`);
  for (const violation of violations) screen.say(`  - ${violation}`);
  const options = `--real --first ${seed} --minutes ${minutes} --agents ${agents}${packed ? " --packed" : ""}`;
  screen.say(`\n  What happened, line by line: ${history.path}\n  Logs and data lie beside it.`);
  screen.say(
    `  The same plan again (real processes never take exactly the same course): npm run chaos -- ${options}`,
  );
  return false;
}
