/**
 * `npm test`: sets up what is missing, runs the checks, then every test on the real parts. Arguments go to
 * vitest (`npm test -- edge/src/upload`). The last line is `N passed, N failed`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startVitest } from "vitest/node";
import { buildWorker } from "./build-worker.ts";
import { runChecks } from "./checks.ts";
import { CHROMIUM, CURL, ensureTools, FFMPEG } from "./system-tools.ts";

const filters = process.argv.slice(2);
let passed = 0;
let failed = 0;

try {
  ensureTools([FFMPEG, CHROMIUM, CURL]);
  if (filters.length === 0) await checks();
  await tests();
} catch (error) {
  failed += 1;
  console.error(error instanceof Error ? error.message : String(error));
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

async function checks(): Promise<void> {
  for (const { name, passed: ok, output } of await runChecks()) {
    console.log(`${ok ? "ok    " : "FAILED"} ${name}`);
    if (!ok) console.log(output);
    if (ok) passed += 1;
    else failed += 1;
  }
}

async function tests(): Promise<void> {
  const workerDir = await mkdtemp(join(tmpdir(), "capcloud-worker-"));
  try {
    // Built once for all tests that start an edge.
    await buildWorker(workerDir);
    process.env["CAPCLOUD_WORKER_DIR"] = workerDir;
    const vitest = await startVitest("test", filters, { watch: false, run: true });
    for (const module of vitest.state.getTestModules()) {
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === "passed") passed += 1;
        else failed += 1;
      }
      if (!module.ok() && module.errors().length > 0) failed += 1;
    }
    const stray = vitest.state.getUnhandledErrors();
    failed += stray.length;
    await vitest.close();
  } finally {
    await rm(workerDir, { recursive: true, force: true });
  }
}
