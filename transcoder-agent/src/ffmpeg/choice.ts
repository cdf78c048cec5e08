/**
 * Which encoder a job tries first, and what was learnt when one failed: an encoder that could not take a
 * codec and profile is not tried for it again while this process lives. Used by the video processor.
 */
import { JobError } from "../errors.ts";
import type { Log } from "../log.ts";
import { OffGrid } from "./cuts.ts";
import { SOFTWARE, type Encoder } from "./h264.ts";

const failed = new Set<string>();

/** `source` says what kind of input it is: codec, profile, pixel format. */
export function encodersFor(proven: readonly Encoder[], source: string): Encoder[] {
  const usable = proven.filter(({ name }) => name === SOFTWARE.name || !failed.has(`${name} ${source}`));
  return usable.some(({ name }) => name === SOFTWARE.name) ? usable : [...usable, SOFTWARE];
}

/** Runs `attempt` with one encoder after the other until one does it. Failures of the input end it at once. */
export async function withFallback<T>(
  proven: readonly Encoder[],
  source: string,
  log: Log,
  attempt: (encoder: Encoder) => Promise<T>,
): Promise<T> {
  const encoders = encodersFor(proven, source);
  for (const [index, encoder] of encoders.entries()) {
    try {
      return await attempt(encoder);
    } catch (error) {
      if (index === encoders.length - 1 || !isEncoderFault(error, encoder)) throw error;
      failed.add(`${encoder.name} ${source}`);
      log.warn("encoder failed, trying the next", { encoder: encoder.name, reason: error.message });
    }
  }
  throw new JobError("encoder_gone", "No encoder is left to try.");
}

/** `crashed` too: a driver that fails says so in words nobody can list. */
function isEncoderFault(error: unknown, { decoding }: Encoder): error is Error {
  if (error instanceof OffGrid) return true;
  if (!(error instanceof JobError)) return false;
  // What a device cannot decode may be no fault of the file: software has the last word.
  if (decoding !== undefined && ["corrupt", "unsupported", "incomplete", "tool_missing"].includes(error.code))
    return true;
  return ["encoder_gone", "crashed", "stalled"].includes(error.code);
}

/** For tests: nothing is remembered. */
export function forgetFailures(): void {
  failed.clear();
}
