import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { root } from "../../scripts/build-worker.ts";

const copy = mkdtempSync(join(tmpdir(), "capcloud-walls-"));
cpSync(join(root, "oxlint.config.ts"), join(copy, "oxlint.config.ts"));
symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** What oxlint says of one file with one import, standing in an otherwise empty house. */
function lint(file: string, source: string): string {
  const path = join(copy, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, source);
  const oxlint = join(copy, "node_modules", "oxlint", "bin", "oxlint");
  const { stdout, stderr } = spawnSync(process.execPath, [oxlint, path], { cwd: copy, encoding: "utf8" });
  rmSync(path);
  return stdout + stderr;
}

const BROKEN: [what: string, file: string, source: string][] = [
  ["an upward import", "edge/src/catalog/files.ts", 'export { plan } from "../coordinator/plans/plan.ts";\n'],
  ["an import from the ground up", "edge/src/media/plan.ts", 'export { page } from "../pages/page.tsx";\n'],
  [
    "a second ffmpeg spawner",
    "transcoder-agent/src/processors/video.ts",
    'export { spawn } from "node:child_process";\n',
  ],
  ["fluent-ffmpeg elsewhere", "transcoder-agent/src/job.ts", 'export { default } from "fluent-ffmpeg";\n'],
  ["a second signer", "edge/src/delivery/original.ts", 'export { AwsClient } from "aws4fetch";\n'],
  ["Hono below the routes", "edge/src/upload/receive.ts", 'export { Hono } from "hono";\n'],
  ["drizzle outside the catalogue", "edge/src/delivery/segment.ts", 'export { eq } from "drizzle-orm";\n'],
  [
    "a ledger that reads rows",
    "edge/src/coordinator/ledger/lease.ts",
    'import { openLedger } from "../store/ledger-store.ts";\nexport const open = openLedger;\n',
  ],
  [
    "the platform outside the coordinator",
    "edge/src/catalog/files.ts",
    'export { env } from "cloudflare:workers";\n',
  ],
];

test.each(BROKEN)("the lint refuses %s", (_what, file, source) => {
  expect(lint(file, source)).toContain("no-restricted-imports");
});

const ALLOWED: [what: string, file: string, source: string][] = [
  ["a downward import", "edge/src/coordinator/turns.ts", 'export { files } from "../catalog/files.ts";\n'],
  [
    "what a row looks like, in the ledger",
    "edge/src/coordinator/ledger/judge.ts",
    'import type { Coverage } from "../store/claim-store.ts";\nexport type Seen = Coverage;\n',
  ],
  ["the one spawner", "transcoder-agent/src/ffmpeg/run.ts", 'export { spawn } from "node:child_process";\n'],
  ["the one signer", "edge/src/storage/sign.ts", 'export { AwsClient } from "aws4fetch";\n'],
];

test.each(ALLOWED)("the lint lets %s pass", (_what, file, source) => {
  expect(lint(file, source)).not.toContain("no-restricted-imports");
});
