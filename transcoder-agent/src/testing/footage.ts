/** Makes test films and sounds with ffmpeg, and reads back what came out. For tests only. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** ffmpeg with these arguments; answers what it said. */
export async function ffmpeg(...options: string[]): Promise<string> {
  const { stderr } = await execute(
    "ffmpeg",
    ["-hide_banner", "-nostdin", "-v", "warning", "-y", ...options],
    {
      maxBuffer: MAX_OUTPUT_BYTES,
    },
  );
  return stderr;
}

export async function ffprobe(...options: string[]): Promise<string> {
  const { stdout } = await execute("ffprobe", ["-v", "error", ...options], { maxBuffer: MAX_OUTPUT_BYTES });
  return stdout.trim();
}

/** A moving picture, and a tone unless `sound` is false. */
export async function makeFilm(
  folder: string,
  name: string,
  wish: {
    seconds: number;
    size?: string;
    rate?: string;
    sound?: boolean;
    /** Output options for the picture, then for all. */
    video?: string[];
    filter?: string;
    audio?: string[];
    more?: string[];
  },
): Promise<string> {
  const path = join(folder, name);
  const picture = `testsrc2=s=${wish.size ?? "320x180"}:r=${wish.rate ?? "30"}:d=${wish.seconds}`;
  const sound = ["-f", "lavfi", "-i", `sine=440:r=48000:d=${wish.seconds}`];
  await ffmpeg(
    ...["-f", "lavfi", "-i", picture, ...(wish.sound === false ? [] : sound)],
    ...(wish.filter === undefined ? [] : ["-vf", wish.filter]),
    ...(wish.video ?? ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "300"]),
    ...(wish.audio ?? ["-c:a", "aac"]),
    ...(wish.more ?? []),
    path,
  );
  return path;
}

/** Times of all packets of a stream in ticks, sorted. */
export async function packetTimes(path: string, stream = "v:0"): Promise<number[]> {
  const text = await ffprobe(
    "-select_streams",
    stream,
    "-show_entries",
    "packet=pts",
    "-of",
    "csv=p=0",
    path,
  );
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Number(line.split(",")[0]))
    .toSorted((a, b) => a - b);
}

/** Decodes everything: errors ffmpeg complained of, and the time of each frame shown, in seconds. */
export async function decodeFrames(input: string): Promise<{ errors: string; times: number[] }> {
  const { stdout, stderr } = await execute(
    "ffprobe",
    ["-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time", "-of", "csv=p=0", input],
    { maxBuffer: MAX_OUTPUT_BYTES },
  );
  const times = stdout.split("\n").filter((line) => line !== "");
  return { errors: stderr.trim(), times: times.map((line) => Number.parseFloat(line)) };
}

/** Mono samples of a file's sound, −1 … 1. */
export async function decodeSound(path: string, rate = 48_000): Promise<Float32Array> {
  const { stdout } = await execute(
    "ffmpeg",
    ["-v", "error", "-nostdin", "-i", path, "-ac", "1", "-ar", String(rate), "-f", "f32le", "pipe:1"],
    { maxBuffer: 512 * 1024 * 1024, encoding: "buffer" },
  );
  return new Float32Array(stdout.buffer, stdout.byteOffset, stdout.byteLength / 4);
}
