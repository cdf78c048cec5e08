/**
 * Makes an agent key. `node scripts/make-key.ts LABEL` prints the key, once, and the SQL row that makes the
 * deployment know it (only the hash is in it); `--remote` or `--local` run that SQL through wrangler.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeAgent } from "../edge/src/catalog/agents.ts";
import { root } from "./build-worker.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { remote: { type: "boolean" }, local: { type: "boolean" } },
});
const label = positionals[0];
if (label === undefined || !/^[\w .-]{1,60}$/.test(label)) {
  console.error(
    "Usage: node scripts/make-key.ts LABEL [--remote | --local]   (letters, digits, space, dot, dash)",
  );
  process.exit(1);
}

const { row, key } = await makeAgent({ label, now: Date.now() });
const sql = `INSERT INTO agents (id, label, key_hash, created_at) VALUES ('${row.id}', '${row.label}', '${row.keyHash}', ${row.createdAt});`;
if (values.remote || values.local) {
  const where = values.remote ? "--remote" : "--local";
  const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  execFileSync(process.execPath, [wrangler, "d1", "execute", "DB", where, "--command", sql], {
    stdio: "inherit",
  });
} else {
  console.error(`Run this on the database (or repeat with --remote):\n  ${sql}\n`);
}
console.error(`The key of agent "${label}", shown only now:`);
console.log(key);
