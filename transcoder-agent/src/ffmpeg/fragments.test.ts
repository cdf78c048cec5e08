/** The box pass on more samples than a call takes arguments. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withFile } from "./files.ts";
import { rewriteFragments } from "./fragments.ts";
import { readFragments } from "./samples.ts";

const run = promisify(execFile);
/** Twelve minutes of sound in one segment hold about as many. */
const FRAMES = 40_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fragments-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a segment may hold tens of thousands of samples", async () => {
  const [raw, made] = [join(folder, "raw.mp4"), join(folder, "made.mp4")];
  const picture = `color=s=16x16:r=1000:d=${FRAMES / 1_000}`;
  const fragments = ["-movflags", "empty_moov+default_base_moof", "-frag_duration", "2000000000"];
  const encode = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0"];
  await run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", picture, ...encode, ...fragments, raw]);
  const report = await rewriteFragments(raw, made, (samples) => [
    {
      segment: 0,
      start: 0,
      duration: samples.reduce((sum, { duration }) => sum + duration, 0),
      samples: samples.map((sample) => ({ sample, duration: sample.duration, composition: 0 })),
    },
  ]);
  expect(report.frames).toBe(FRAMES);
  const again = await withFile(made, "r", readFragments);
  expect(again.samples).toHaveLength(FRAMES);
});
