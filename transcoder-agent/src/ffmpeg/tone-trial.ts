/** Whether this ffmpeg can show HDR films on ordinary screens: not every build has the filters. Asked by `check`. */
import { plainPicture } from "./picture-filters.ts";
import { runFfmpeg } from "./run.ts";

const SIZE = { width: 64, height: 64 };
const PICTURE = `color=s=${SIZE.width}x${SIZE.height}:r=25:d=1,format=yuv420p10le`;

export async function mapsTones(): Promise<boolean> {
  const filters = plainPicture({ interlaced: false, transfer: "pq" }, SIZE).join(",");
  const options = ["-vf", filters, "-frames:v", "1", "-f", "null"];
  return runFfmpeg({
    inputs: [{ options: ["-f", "lavfi"], url: PICTURE }],
    outputs: [{ options, path: "-" }],
  }).then(
    () => true,
    () => false,
  );
}
