/** What a sound looks like: peaks as numbers, for a page to draw. Decodes once, keeps nothing on the disk. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JobError } from "../errors.ts";
import { streamFfmpeg } from "../ffmpeg/run.ts";
import { plainSamples } from "../ffmpeg/side-arguments.ts";
import type { WaveformRecipe } from "../protocol.ts";
import { collectPeaks } from "./peaks.ts";
import { probeSource } from "./probed.ts";
import type { Processor } from "./processor.ts";

/** Samples a second: enough for what a screen shows of a voice or a drum. */
const RATE = 8_000;
const OBJECT = "waveform.json";

export const waveform: Processor<WaveformRecipe> = async ({ stream, buckets }, context) => {
  const source = await context.source();
  const { format } = await probeSource(source);
  const expected = (format.duration ?? 0) * RATE;
  const peaks = collectPeaks(buckets);
  const take = readSamples((sample) => peaks.add(sample));
  await streamFfmpeg(
    plainSamples({ url: source.url, stream, rate: RATE }),
    (bytes) => {
      take(bytes);
      if (expected > 0) context.progress(Math.min(1, peaks.count() / expected));
    },
    { signal: context.signal },
  );
  if (peaks.count() === 0) throw new JobError("corrupt", "No sound can be decoded.");
  const duration = peaks.count() / RATE;
  const path = join(context.workspace, OBJECT);
  await writeFile(path, JSON.stringify({ duration, peaks: peaks.build() }));
  context.deliver({ name: OBJECT, type: "application/json", path });
  return { kind: "waveform", object: OBJECT, duration };
};

/** A piece of a stream may end in the middle of a sample. */
function readSamples(onSample: (sample: number) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    const whole = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const end = whole.length - (whole.length % 2);
    for (let at = 0; at < end; at += 2) onSample(whole.readInt16LE(at));
    rest = Buffer.from(whole.subarray(end));
  };
}
