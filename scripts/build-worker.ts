/** Builds the Worker the way `wrangler deploy` does, browser scripts included, into a folder. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

export const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

/** Writes `index.js` into `outDir`. Throws with wrangler's own words when the build fails. */
export async function buildWorker(outDir: string): Promise<void> {
  const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  // The build command of wrangler.toml is `node …`: it must be this Node, whatever the PATH says.
  const path = `${join(process.execPath, "..")}:${process.env["PATH"] ?? ""}`;
  try {
    await run(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", outDir], {
      cwd: root,
      env: { ...process.env, PATH: path, WRANGLER_SEND_METRICS: "false", WRANGLER_LOG: "error", CI: "true" },
    });
  } catch (error) {
    const output = error as { stdout?: string; stderr?: string };
    throw new Error(`The Worker does not build:\n${output.stderr ?? ""}${output.stdout ?? ""}`, {
      cause: error,
    });
  }
}
