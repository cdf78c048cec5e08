/** Pictures of the kinds that people upload, made from one detailed drawing. */
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { ffmpeg } from "./ffmpeg.ts";

const DRAWING = "mandelbrot=s=4000x3000:start_scale=0.02:end_scale=0.02:start_x=-0.7436:start_y=-0.1318";

/** Paths: a 12 MP photo, the same on its side, a screenshot, a cut-out, a small one, grey, WebP. */
export async function makePhotos(folder: string): Promise<string[]> {
  const whole = join(folder, "drawing.png");
  await ffmpeg(["-f", "lavfi", "-i", DRAWING, "-frames:v", "1", whole]);
  const drawing = () => sharp(whole);
  const cut = { left: 400, top: 300 };
  const photos: [name: string, image: Sharp][] = [
    ["camera.jpg", drawing().jpeg({ quality: 90 })],
    ["turned.jpg", drawing().withMetadata({ orientation: 6 }).jpeg({ quality: 90 })],
    [
      "screenshot.png",
      drawing()
        .extract({ ...cut, width: 1_920, height: 1_080 })
        .png(),
    ],
    [
      "cut-out.png",
      drawing()
        .extract({ ...cut, width: 1_200, height: 1_200 })
        .ensureAlpha(0.5)
        .png(),
    ],
    ["small.jpg", drawing().resize(800, 600).jpeg()],
    ["grey.jpg", drawing().resize(2_000, 1_500).greyscale().jpeg()],
    ["web.webp", drawing().resize(1_600, 1_200).webp()],
    ["banner.jpg", drawing().resize(3_000, 800, { fit: "cover" }).jpeg({ quality: 85 })],
  ];
  const paths = photos.map(([name]) => join(folder, name));
  for (const [at, [, image]] of photos.entries()) await image.toFile(paths[at] ?? "");
  return paths;
}
