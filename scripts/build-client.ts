/**
 * Bundles the typed browser scripts of `edge/client/` into `edge/public/assets/js/`. wrangler runs it before
 * every build ([build] in wrangler.toml), so `wrangler deploy` alone is enough.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");
const client = join(root, "edge", "client");

/** Each file directly in `edge/client/` is a page's entry; folders below hold what they share. */
const entryPoints = readdirSync(client)
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.endsWith(".d.ts"))
  .map((name) => join(client, name));

await build({
  entryPoints,
  outdir: join(root, "edge", "public", "assets", "js"),
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: false,
  legalComments: "none",
  chunkNames: "chunks/[name]-[hash]",
  logLevel: "warning",
});
