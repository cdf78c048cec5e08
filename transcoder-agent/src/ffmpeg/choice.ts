/**
 * Which encoder a job tries first, and what was learnt when one failed: an encoder that could not take a codec and
 * profile, where the next one could, is not tried for it again for a while. Used by the video processor.
 */
import { JobError } from "../errors.ts";
import type { Log } from "../log.ts";
import { OffGrid } from "./cuts.ts";
import { SOFTWARE, type Encoder } from "./h264.ts";

/** A driver that was busy, or a film that was damaged in its own way, must not cost more than this. */
const FORGIVEN_MS = 10 * 60_000;
/** Encoder and kind of input, and until when (`performance.now()`) they are kept apart. */
const failed = new Map<string, number>();

/** `source` says what kind of input it is: codec, profile, pixel format. */
export function encodersFor(proven: readonly Encoder[], source: string): Encoder[] {
  const isKept = (name: string) => (failed.get(`${name} ${source}`) ?? 0) > performance.now();
  const usable = proven.filter(({ name }) => name === SOFTWARE.name || !isKept(name));
  return usable.some(({ name }) => name === SOFTWARE.name) ? usable : [...usable, SOFTWARE];
}

/**
 * Runs `attempt` with one encoder after the other until one does it; only then is it known that those before it were at
 * fault, and not the input or the line. Failures of the input end it at once.
 */
export async function withFallback<T>(
  proven: readonly Encoder[],
  source: string,
  log: Log,
  attempt: (encoder: Encoder) => Promise<T>,
): Promise<T> {
  const encoders = encodersFor(proven, source);
  const suspects: string[] = [];
  for (const [index, encoder] of encoders.entries()) {
    try {
      const made = await attempt(encoder);
      for (const name of suspects) failed.set(`${name} ${source}`, performance.now() + FORGIVEN_MS);
      return made;
    } catch (error) {
      if (index === encoders.length - 1 || !isEncoderFault(error, encoder)) throw error;
      // What stands still may wait for its input.
      if (!(error instanceof JobError && error.code === "stalled")) suspects.push(encoder.name);
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
