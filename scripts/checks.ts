/** The checks that need no running edge, each a tool of its own; `npm test` and `npm run check` run them. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./build-worker.ts";

export interface CheckResult {
  name: string;
  passed: boolean;
  output: string;
}

const CHECKS: readonly { name: string; script: string; args: string[] }[] = [
  { name: "types (tsc -b)", script: "typescript/bin/tsc", args: ["-b", "--pretty", "false"] },
  { name: "lint and walls (oxlint)", script: "oxlint/bin/oxlint", args: ["--type-aware"] },
  { name: "format (oxfmt)", script: "oxfmt/bin/oxfmt", args: ["--check"] },
  { name: "migrations match the schema (drizzle-kit)", script: "drizzle-kit/bin.cjs", args: ["check"] },
];

export async function runChecks(): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  // One after the other: type-aware lint and tsc would fight over two cores.
  for (const check of CHECKS) {
    const { code, output } = await run([join(root, "node_modules", check.script), ...check.args]);
    results.push({ name: check.name, passed: code === 0, output });
  }
  return results;
}

function run(args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
