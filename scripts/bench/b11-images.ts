/**
 * B11: the agent's image job over bare sharp that makes the same thumbnail, preview and hashes by one decode.
 * Both in this process, on the same pictures, in turn; uploads and leases belong to other benchmarks.
 */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { encode as encodeBlurhash } from "blurhash";
import sharp, { type Sharp } from "sharp";
import { rgbaToThumbHash } from "thumbhash";
import { createLog } from "../../transcoder-agent/src/log.ts";
import { processJob } from "../../transcoder-agent/src/processors/index.ts";
import type { Bench, Benchmark, Finding, Guards } from "./benchmark.ts";
import { measureSsim } from "./kit/ffmpeg.ts";
import { makePhotos } from "./kit/photos.ts";
import { number } from "./kit/report.ts";
import { takeTurns, timed } from "./kit/sides.ts";
import { median, spread, sum } from "./kit/statistics.ts";

const MOST = 1.1;
/** What is made, and at which size and quality (processors/image.ts). */
const PREVIEW = { name: "preview.webp", side: 1_600, quality: 82 };
const THUMBNAIL = { name: "thumbnail.webp", side: 320, quality: 78 };
const HASH_SIDE = 32;
const SSIM_SLACK = 0.001;
const BYTES_SLACK = 0.03;

export const images: Benchmark = {
  id: "B11",
  title: "the image job over bare sharp for the same outputs",
  run: async (bench) => {
    const photos = await makePhotos(bench.folder);
    const rounds = bench.pick(25, 4);
    const sides = { ours: side(bench, photos, "ours", ours), bare: side(bench, photos, "bare", bare) };
    // First uses load code and start threads.
    await sides.ours();
    await sides.bare();
    const times = await takeTurns(sides, rounds);
    return [findingOf(times, photos, rounds, await compare(bench, photos))];
  },
};

type Make = (path: string, folder: string) => Promise<void>;

/** Seconds for all photos, one after the other. */
function side(bench: Bench, photos: readonly string[], name: string, make: Make): () => Promise<number> {
  return async () => {
    const seconds: number[] = [];
    for (const [at, path] of photos.entries()) {
      const folder = join(bench.folder, name, String(at));
      await mkdir(folder, { recursive: true });
      seconds.push(await timed(() => make(path, folder)));
    }
    return sum(seconds);
  };
}

const readOtherwise = () => Promise.reject(new Error("Pictures are read as whole files."));

const ours: Make = async (path, folder) => {
  const { size } = await stat(path);
  await processJob(
    { kind: "image", animated: false },
    {
      signal: new AbortController().signal,
      workspace: folder,
      log: createLog({ level: "silent", format: "text" }),
      encoders: [],
      source: () =>
        Promise.resolve({
          size,
          url: "",
          asideUrl: "",
          download: () => Promise.resolve(path),
          appendTo: readOtherwise,
          read: readOtherwise,
          derive: readOtherwise,
          lead: readOtherwise,
          standBack: readOtherwise,
        }),
      deliver: () => {},
      progress: () => {},
      easing: () => {},
    },
  );
};

const bare: Make = async (path, folder) => {
  const { data, info } = await fit(sharp(path).autoOrient().toColourspace("srgb"), PREVIEW.side)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const decoded = () => sharp(data, { raw: { width, height, channels } });
  await Promise.all([
    decoded().webp({ quality: PREVIEW.quality }).toFile(join(folder, PREVIEW.name)),
    fit(decoded(), THUMBNAIL.side).webp({ quality: THUMBNAIL.quality }).toFile(join(folder, THUMBNAIL.name)),
    hash(fit(decoded(), HASH_SIDE)),
  ]);
};

function fit(image: Sharp, side: number): Sharp {
  return image.resize({ width: side, height: side, fit: "inside", withoutEnlargement: true });
}

async function hash(small: Sharp): Promise<void> {
  const { data, info } = await small.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  encodeBlurhash(new Uint8ClampedArray(data), info.width, info.height, 4, 3);
  rgbaToThumbHash(info.width, info.height, data);
}

function findingOf(
  times: { ours: number[]; bare: number[] },
  photos: readonly string[],
  rounds: number,
  guards: Guards,
): Finding {
  return {
    case: `${photos.length * rounds} pictures`,
    value: median(times.ours) / median(times.bare),
    unit: "ratio",
    target: { most: MOST },
    guards,
    notes: [
      `${photos.length} pictures take ours ${number(median(times.ours))} s (${spread(times.ours)}), bare ${number(median(times.bare))} s (${spread(times.bare)})`,
    ],
  };
}

async function compare(bench: Bench, photos: readonly string[]): Promise<Guards> {
  const ratios: number[] = [];
  const losses: number[] = [];
  for (const at of photos.keys()) {
    for (const { name } of [PREVIEW, THUMBNAIL]) {
      const [mine, theirs] = ["ours", "bare"].map((who) => join(bench.folder, who, String(at), name));
      if (mine === undefined || theirs === undefined) continue;
      ratios.push((await stat(mine)).size / (await stat(theirs)).size);
      const { width, height } = await sharp(theirs).metadata();
      // Of one made by bare sharp, ours must be as good as a copy.
      losses.push(1 - (await measureSsim(mine, theirs, { width, height, seconds: 1 })));
    }
  }
  const [bytes, loss] = [Math.max(...ratios), Math.max(...losses)];
  return {
    bytes: { pass: bytes <= 1 + BYTES_SLACK, said: `at most ${number(bytes)} of bare sharp's` },
    ssim: { pass: loss <= SSIM_SLACK, said: `differs from bare sharp's by ${number(loss)} at most` },
  };
}
