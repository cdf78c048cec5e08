/** Runs ffmpeg and ffprobe for the benchmarks themselves: sources, the other side of a ratio, comparisons. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const QUIET = ["-hide_banner", "-nostdin", "-nostats", "-y"];
/** As in the agent's guard. */
const NICENESS = "5";
const OUTPUT_BYTES = 64 * 1_024 * 1_024;

/** Answers what it said. */
export async function ffmpeg(args: readonly string[], level = "error"): Promise<string> {
  const { stderr } = await run("ffmpeg", [...QUIET, "-loglevel", level, ...args], {
    maxBuffer: OUTPUT_BYTES,
  });
  return stderr;
}

export async function ffprobe(args: readonly string[]): Promise<string> {
  const { stdout } = await run("ffprobe", ["-v", "error", ...args], { maxBuffer: OUTPUT_BYTES });
  return stdout.trim();
}

/** The same at the priority that agents give it, so that a machine's other work slows both sides of a ratio alike. */
export async function ffmpegAside(args: readonly string[], behind: readonly string[] = []): Promise<void> {
  const command = [...behind, "nice", "-n", NICENESS, "ffmpeg", ...QUIET, "-loglevel", "error", ...args];
  await run("env", command, { maxBuffer: OUTPUT_BYTES });
}

/** Video packets, without decoding: in our codecs, frames. */
export async function countPackets(address: string): Promise<number> {
  const entries = ["-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"];
  const answer = await ffprobe(["-select_streams", "v:0", "-count_packets", ...entries, address]);
  return Number.parseInt(answer, 10);
}

/** 0 … 1 over all planes, of the first `seconds`; the reference is scaled to the size of the other. */
export async function measureSsim(
  address: string,
  reference: string,
  { width, height, seconds }: { width: number; height: number; seconds: number },
): Promise<number> {
  const limit = ["-t", String(seconds)];
  const graph =
    `[0:v]setpts=PTS-STARTPTS,settb=1/90000,format=yuv420p[made];` +
    `[1:v]setpts=PTS-STARTPTS,settb=1/90000,scale=${width}:${height},setsar=1,format=yuv420p[source];` +
    `[made][source]ssim=shortest=1`;
  const inputs = [...limit, "-i", address, ...limit, "-i", reference];
  const said = await ffmpeg([...inputs, "-lavfi", graph, "-an", "-f", "null", "-"], "info");
  const found = /SSIM .*All:([\d.]+)/.exec(said)?.[1];
  if (found === undefined) throw new Error(`ffmpeg told no SSIM: ${said.slice(-500)}`);
  return Number(found);
}
