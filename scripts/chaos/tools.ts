/**
 * A stand-in ffmpeg for one agent: first on its PATH, it hands everything to the real one unless it is told to be
 * sick. Then it crashes, is killed as by a system without memory, hangs, or says that the disk is full.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Sickness } from "./faults.ts";

export interface Tools {
  /** For the agent's environment. */
  path: string;
  fall(sickness: Sickness): void;
  recover(): void;
}

export function makeTools(folder: string): Tools {
  mkdirSync(folder, { recursive: true });
  const real = execFileSync("sh", ["-c", "command -v ffmpeg"], { encoding: "utf8" }).trim();
  const orders = join(folder, "sickness");
  const script = join(folder, "ffmpeg");
  writeFileSync(script, scriptOf(real, orders));
  chmodSync(script, 0o755);
  return {
    path: [folder, process.env["PATH"] ?? ""].join(delimiter),
    fall: (sickness) => writeFileSync(orders, sickness),
    recover: () => rmSync(orders, { force: true }),
  };
}

function scriptOf(real: string, orders: string): string {
  return `#!/bin/sh
case "$(cat '${orders}' 2>/dev/null)" in
  crash) kill -SEGV $$ ;;
  oom) kill -KILL $$ ;;
  hang) while [ -e '${orders}' ]; do sleep 0.2; done ;;
  full) echo 'av_interleaved_write_frame(): No space left on device' >&2; exit 228 ;;
esac
exec '${real}' "$@"
`;
}
