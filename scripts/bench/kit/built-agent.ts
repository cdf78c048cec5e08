/**
 * The agent as it is installed on people's machines: compiled. Run from its sources, Node's own compiler for
 * TypeScript would count in its memory (about 40 MB) and in its start.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../../build-worker.ts";

const folder = join(root, "transcoder-agent");

/** There once `buildAgent` has run. */
export const AGENT_CLI = join(folder, "dist", "cli.js");

/** Throws where it does not compile, with what the compiler says. */
export async function buildAgent(): Promise<void> {
  await promisify(execFile)("npm", ["run", "--silent", "prepack"], { cwd: folder });
}
