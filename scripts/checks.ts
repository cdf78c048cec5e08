/** The checks that need no running edge, each a tool of its own; `npm test` and `npm run check` run them. */
import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { root } from "./build-worker.ts";

export interface CheckResult {
  name: string;
  passed: boolean;
  output: string;
}

const QUIET = { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" };

const CHECKS: readonly { name: string; script: string; args: string[] }[] = [
  { name: "types (tsc -b)", script: "typescript/bin/tsc", args: ["-b", "--pretty", "false"] },
  { name: "lint and walls (oxlint)", script: "oxlint/bin/oxlint", args: ["--type-aware"] },
  { name: "format (oxfmt)", script: "oxfmt/bin/oxfmt", args: ["--check"] },
];

export async function runChecks(): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  // One after the other: type-aware lint and tsc would fight over two cores.
  for (const check of CHECKS) {
    const { code, output } = await run([join(root, "node_modules", check.script), ...check.args]);
    results.push({ name: check.name, passed: code === 0, output });
  }
  results.push(await migrationsInStep(), await bindingsInStep());
  return results;
}

/** `drizzle-kit generate` over a copy of the migrations must find nothing to add. */
async function migrationsInStep(): Promise<CheckResult> {
  const name = "migrations in step with the schema (drizzle-kit)";
  const copy = await mkdtemp(join(tmpdir(), "capcloud-migrations-"));
  try {
    await cp(join(root, "migrations"), copy, { recursive: true });
    const kit = join(root, "node_modules", "drizzle-kit", "bin.cjs");
    const schema = join(root, "edge", "src", "db", "schema.ts");
    const args = [kit, "generate", "--dialect", "sqlite", "--schema", schema, "--out", relative(root, copy)];
    const { code, output } = await run(args);
    const passed = code === 0 && output.includes("No schema changes");
    return { name, passed, output: `${output}\nRun: npm run migration` };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** `Env` is generated from wrangler.toml, never written by hand. */
async function bindingsInStep(): Promise<CheckResult> {
  const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  const args = [wrangler, "types", "edge/worker-configuration.d.ts", "--check", "--include-runtime=false"];
  const { code, output } = await run([...args, "--strict-vars=false", "--include-main-module=false"]);
  return { name: "Env in step with wrangler.toml (wrangler types)", passed: code === 0, output };
}

function run(args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: QUIET });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
