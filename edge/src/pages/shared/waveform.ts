/** The waveform of a sound (`/{slug}/waveform.json`) and the bars that are drawn of it. Pure. */
import { list, number, object, type Shaped } from "./shape.ts";

export const WaveformShape = object({
  /** Seconds. */
  duration: number,
  /** The loudest sample of each of as many equal stretches, 0 … 255. */
  peaks: list(number),
});
export type Waveform = Shaped<typeof WaveformShape>;

const LOUDEST = 255;
/** Silence shows as a dot, not as nothing. */
const LEAST = 0.04;

/**
 * Heights of `count` bars, 0 … 1, each the loudest of its stretch. A quiet recording is drawn as high as a
 * loud one: what matters to the eye is where it swells.
 */
export function barHeights(peaks: number[], count: number): number[] {
  const loudest = peaks.reduce((most, peak) => Math.max(most, peak), 0) || LOUDEST;
  return Array.from({ length: Math.max(0, Math.floor(count)) }, (_, bar) => {
    const from = Math.floor((bar * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / count));
    const peak = peaks.slice(from, to).reduce((most, one) => Math.max(most, one), 0);
    return Math.min(1, Math.max(LEAST, peak / loudest));
  });
}
