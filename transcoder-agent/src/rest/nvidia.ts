/**
 * Asks `nvidia-smi`, the one program that tells what an NVIDIA GPU does and for whom. Started with fixed
 * words and never with anything from a job.
 */
import { execFile } from "node:child_process";

/** A driver that hangs is not waited for. */
const LIMIT_MS = 5_000;

/** Null where it is not there, or failed. */
export function askNvidia(words: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    const options = { timeout: LIMIT_MS, killSignal: "SIGKILL", windowsHide: true } as const;
    execFile("nvidia-smi", words, options, (error, text) => resolve(error ? null : text));
  });
}
