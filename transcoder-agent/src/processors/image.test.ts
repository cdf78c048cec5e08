/** Pictures as they come from cameras and the web, and those that are none. */
import { writeFile } from "node:fs/promises";
import { decode } from "blurhash";
import sharp from "sharp";
import { thumbHashToAverageRGBA } from "thumbhash";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBench, type Bench } from "../testing/bench.ts";
import { ffmpeg, ffprobe, packetTimes } from "../testing/footage.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const STILL = { kind: "image", animated: false } as const;
const MOVING = { kind: "image", animated: true } as const;

function plain(width: number, height: number, background: string | object = "#3366cc") {
  return sharp({ create: { width, height, channels: 4, background } });
}

test("a photo lies upright, small, and says nothing of where it was taken", async () => {
  const file = `${bench.folder}/photo.jpg`;
  const exif = {
    IFD0: { Make: "Secretcam" },
    IFD3: { GPSLatitude: "52/1 30/1 0/1", GPSLatitudeRef: "N", GPSLongitude: "13/1 24/1 0/1" },
  };
  await plain(2400, 1800).jpeg().withExif(exif).withMetadata({ orientation: 6 }).toFile(file);
  const { result, path, products } = await bench.run(STILL, file);
  expect(result).toMatchObject({
    width: 1800,
    height: 2400,
    thumbnail: { object: "thumbnail.webp", width: 240, height: 320 },
    preview: { object: "preview.webp", width: 1200, height: 1600 },
    mp4: null,
  });
  expect([...products.values()].map(({ type }) => type)).toEqual(["image/webp", "image/webp"]);
  for (const name of ["thumbnail.webp", "preview.webp"]) {
    const facts = await sharp(path(name)).metadata();
    expect([facts.exif, facts.xmp, facts.icc, facts.orientation]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  }
});

test("the placeholder hashes look like the picture", async () => {
  const file = `${bench.folder}/halves.png`;
  const red = await plain(300, 400, "#e02020").png().toBuffer();
  await plain(600, 400, "#2040e0")
    .composite([{ input: red, left: 0, top: 0 }])
    .png()
    .toFile(file);
  const { result } = await bench.run(STILL, file);
  const blur = decode(result.hashes.blurhash, 8, 8);
  const at = (x: number, channel: number) => blur[(4 * 8 + x) * 4 + channel] ?? 0;
  expect(at(0, 0)).toBeGreaterThan(at(0, 2) + 80);
  expect(at(7, 2)).toBeGreaterThan(at(7, 0) + 80);
  const average = thumbHashToAverageRGBA(Buffer.from(result.hashes.thumbhash, "base64"));
  expect(average.r).toBeGreaterThan(0.3);
  expect(average.b).toBeGreaterThan(0.3);
});

test("small pictures stay small; transparency stays transparent", async () => {
  const file = `${bench.folder}/icon.png`;
  await plain(40, 30, { r: 0, g: 200, b: 0, alpha: 0 }).png().toFile(file);
  const { result, path } = await bench.run(STILL, file);
  expect(result).toMatchObject({ width: 40, height: 30, thumbnail: { width: 40 }, preview: { width: 40 } });
  expect((await sharp(path("preview.webp")).stats()).isOpaque).toBe(false);
});

test("print colours, grey and sixteen bits come out as plain sRGB", async () => {
  const cmyk = `${bench.folder}/print.jpg`;
  await plain(200, 100, "#c02020").flatten().toColourspace("cmyk").jpeg().toFile(cmyk);
  const grey = `${bench.folder}/grey.png`;
  await plain(200, 100, "#808080").flatten().toColourspace("b-w").png().toFile(grey);
  const deep = `${bench.folder}/deep.png`;
  await plain(200, 100, "#c02020").toColourspace("rgb16").png().toFile(deep);
  for (const file of [cmyk, grey, deep]) {
    const { result, path } = await bench.run(STILL, file);
    expect(result.width).toBe(200);
    const facts = await sharp(path("thumbnail.webp")).metadata();
    expect(facts.space).toBe("srgb");
    const { dominant } = await sharp(path("thumbnail.webp")).stats();
    if (file !== grey) expect(dominant.r).toBeGreaterThan(dominant.b + 60);
  }
});

test.each(["gif", "webp"] as const)("an animated %s moves as it did", async (format) => {
  const file = `${bench.folder}/moving.${format}`;
  const frames = ["#f00", "#0f0", "#00f", "#ff0"].map((background) =>
    plain(101, 60, background).png().toBuffer(),
  );
  const joined = sharp(await Promise.all(frames), { join: { animated: true } });
  const delay = [100, 500, 200, 100];
  await (format === "gif" ? joined.gif({ delay }) : joined.webp({ delay, lossless: true })).toFile(file);
  const { result, path } = await bench.run(MOVING, file);
  expect(result.mp4).toEqual({ object: "video.mp4", width: 102, height: 60 });
  expect(await packetTimes(path("video.mp4"))).toEqual([0, 100, 600, 800]);
  const facts = await ffprobe(
    "-show_entries",
    "stream=codec_name,pix_fmt:format=duration",
    "-of",
    "csv=p=0",
    path("video.mp4"),
  );
  expect(facts).toBe("h264,yuv420p\n0.900000");
  // The still picture is the first one.
  const { dominant } = await sharp(path("preview.webp")).stats();
  expect(dominant.r).toBeGreaterThan(200);
  expect(dominant.g).toBeLessThan(60);
});

test("a still that calls itself animated has no loop", async () => {
  const file = `${bench.folder}/still.gif`;
  await plain(50, 50).gif().toFile(file);
  expect((await bench.run(MOVING, file)).result.mp4).toBeNull();
});

test("AVIF and what ffmpeg alone can read", async () => {
  const avif = `${bench.folder}/photo.avif`;
  await plain(64, 48).avif().toFile(avif);
  expect((await bench.run(STILL, avif)).result).toMatchObject({ width: 64, height: 48 });
});

test("too many pixels are refused, without being decoded", async () => {
  const file = `${bench.folder}/bomb.png`;
  await ffmpeg("-f", "lavfi", "-i", "color=black:s=12000x9000", "-frames:v", "1", "-pix_fmt", "monob", file);
  await expect(bench.run(STILL, file)).rejects.toMatchObject({
    code: "too_large",
    failureClass: "permanent",
  });
});

test.each([
  ["text.jpg", Buffer.from("this is no picture")],
  ["empty.png", Buffer.alloc(0)],
  ["photo.heic", Buffer.from("0000001c66747970686569630000000068656963", "hex")],
])("%s is quietly unsupported", async (name, bytes) => {
  const file = `${bench.folder}/${name}`;
  await writeFile(file, bytes);
  await expect(bench.run(STILL, file)).rejects.toMatchObject({
    code: "unsupported",
    failureClass: "permanent",
  });
});

test("a picture that breaks off is corrupt", async () => {
  const whole = await plain(800, 600).png({ compressionLevel: 0 }).toBuffer();
  const file = `${bench.folder}/broken.png`;
  await writeFile(file, whole.subarray(0, whole.length / 2));
  await expect(bench.run(STILL, file)).rejects.toMatchObject({ code: "corrupt", failureClass: "permanent" });
});
