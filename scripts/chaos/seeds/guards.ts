/**
 * `npm run chaos -- --guards`: takes one guard after the other out of a copy of the code and runs seeds there until
 * one breaks a promise. A guard whose absence nobody notices is not proven, and makes the command fail.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Outcome } from "../../../edge/src/coordinator/simulation/simulate.ts";
import type * as ThreadsModule from "../../../edge/src/coordinator/simulation/threads.ts";
import { root } from "../../build-worker.ts";
import { GUARDS, type Guard } from "./guard-table.ts";

export interface GuardOptions {
  /** Tried at most for each guard. */
  seeds: number;
  /** Only guards whose name holds this. */
  named: string;
  say: (text: string) => void;
}

/** What the simulation loads, and the named tests, which start an edge of their own. */
const COPIED = [
  ...["edge/src", "edge/public", "transcoder-agent/src", "scripts", "migrations"],
  ...["package.json", "wrangler.toml", "vitest.config.ts"],
];
const LINKED = ["node_modules", "transcoder-agent/node_modules"];

/** True where the removal of each guard was noticed. */
export async function proveGuards({ seeds, named, say }: GuardOptions): Promise<boolean> {
  const copy = mkdtempSync(join(tmpdir(), "capcloud-guards-"));
  try {
    for (const path of COPIED) cpSync(join(root, path), join(copy, path), { recursive: true });
    for (const path of LINKED) symlinkSync(join(root, path), join(copy, path));
    let proven = 0;
    const tried = GUARDS.filter(({ name }) => name.includes(named));
    const broken = failingTests(copy, tried);
    if (broken !== null) {
      say(`With every guard in its place these tests fail, so they prove nothing:\n${broken}`);
      return false;
    }
    for (const guard of tried) {
      const found = await tryWithout(guard, copy, seeds);
      if (found.ok) proven += 1;
      say(`${found.ok ? "noticed " : "UNNOTICED"} ${guard.name} (${guard.file})\n          ${found.words}`);
    }
    say(`\n${proven} of ${tried.length} guards are proven.`);
    return proven === tried.length;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function tryWithout(
  guard: Guard,
  copy: string,
  seeds: number,
): Promise<{ ok: boolean; words: string }> {
  const { file, find, replace, breaks } = guard;
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  if (!text.includes(find))
    return { ok: false, words: "The table is out of step: the code no longer says that." };
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  try {
    if (guard.test !== undefined) return testWithout(copy, guard.test);
    const { found, tried } = await seedThatFails(copy, seeds);
    if (!found?.violation) return { ok: false, words: `${tried} seeds kept every promise.` };
    const { invariant, text: said } = found.violation;
    const expected = breaks.some((promise) => `${invariant} `.startsWith(`${promise} `));
    const seed = `seed ${found.seed} (the ${tried}th that was tried)`;
    return { ok: expected, words: `${seed} breaks ${invariant}: ${said.split("\n")[0]?.slice(0, 150)}` };
  } finally {
    writeFileSync(path, text);
  }
}

/** What they say; null where all pass. A test that cannot run here at all would seem to notice every removal. */
function failingTests(copy: string, guards: readonly Guard[]): string | null {
  const tests = [...new Set(guards.flatMap(({ test }) => test ?? []))];
  if (tests.length === 0) return null;
  const { passes, words } = runTests(copy, tests);
  return passes ? null : words;
}

function testWithout(copy: string, test: string): { ok: boolean; words: string } {
  const { passes } = runTests(copy, [test]);
  return { ok: !passes, words: passes ? `${test} passes without it` : `${test} fails` };
}

function runTests(copy: string, tests: readonly string[]): { passes: boolean; words: string } {
  const vitest = join(copy, "node_modules/vitest/vitest.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, "run", ...tests], {
    cwd: copy,
    encoding: "utf8",
  });
  return { passes: status === 0, words: `${stdout}\n${stderr}`.trim() };
}

async function seedThatFails(copy: string, seeds: number): Promise<{ found: Outcome | null; tried: number }> {
  const url = pathToFileURL(join(copy, "edge/src/coordinator/simulation/threads.ts")).href;
  // The same module, of the copy.
  const { Threads } = (await import(url)) as typeof ThreadsModule;
  const threads = new Threads(availableParallelism());
  const choices = Array.from({ length: seeds }, (_, at) => ({ seed: 1 + at, only: null }));
  let found: Outcome | null = null;
  let tried = 0;
  try {
    await threads.runAll(choices, (outcome) => {
      tried += 1;
      if (outcome.violation) found ??= outcome;
      return outcome.violation === null;
    });
  } finally {
    await threads.close();
  }
  return { found, tried };
}
