/**
 * What ffprobe tells of a file, checked at the door: streams and container in one run, packets in another,
 * line by line. Called by the inspection and by jobs that must know how a source is laid out.
 */
import { z } from "zod";
import { JobError } from "../errors.ts";
import { runFfprobe, type ProbeOptions } from "./run.ts";
import { sourceOptions } from "./source-arguments.ts";

const number = z.coerce.number().optional().catch(undefined);
const text = z.string().optional();

const ProbedStream = z.object({
  index: z.number().int().nonnegative(),
  codec_type: z.string().optional(),
  codec_name: text,
  profile: text,
  width: number,
  height: number,
  pix_fmt: text,
  has_b_frames: number,
  field_order: text,
  sample_aspect_ratio: text,
  color_transfer: text,
  r_frame_rate: text,
  avg_frame_rate: text,
  time_base: text,
  start_pts: z.number().optional(),
  start_time: number,
  duration: number,
  nb_frames: number,
  bit_rate: number,
  sample_rate: number,
  channels: number,
  disposition: z.object({ attached_pic: z.number().default(0), default: z.number().default(0) }).optional(),
  tags: z.object({ language: text, rotate: text }).optional(),
  side_data_list: z.array(z.object({ rotation: number })).optional(),
});
export type ProbedStream = z.infer<typeof ProbedStream>;

const Probed = z.object({
  streams: z.array(ProbedStream).default([]),
  format: z.object({ format_name: z.string(), duration: number, bit_rate: number, start_time: number }),
});
export type Probed = z.infer<typeof Probed>;

export async function probeFile(url: string, options: ProbeOptions = {}): Promise<Probed> {
  const { text: answer } = await runFfprobe(
    ["-v", "error", ...sourceOptions(url), "-show_format", "-show_streams", "-of", "json", "-i", url],
    options,
  );
  return parseProbed(answer);
}

/** From ffprobe's JSON, or from what became of it. */
export function parseProbed(text: string): Probed {
  const probed = Probed.safeParse(parseJson(text));
  if (!probed.success) throw new JobError("corrupt", "The file describes itself in a way nobody can read.");
  return probed.data;
}

function parseJson(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    return null;
  }
}

export interface Packet {
  stream: number;
  /** Ticks of its stream. Null where the container tells none. */
  pts: number | null;
  dts: number | null;
  duration: number;
  key: boolean;
  /** Read for what follows, not to be shown (before the start of an edit). */
  discard: boolean;
}

/** What is to be read of a file: one stream from a keyframe before a time on, or all streams for a while. */
export type Part = { stream: number; from: number } | { seconds: number };

/**
 * All packets in the order of the file, without decoding, or those of a part. Answers whether the file breaks off in its last packet.
 */
export async function readPackets(
  url: string,
  part: Part | null,
  onPacket: (packet: Packet) => void,
  options: ProbeOptions = {},
): Promise<{ brokenOff: boolean }> {
  const select = part === null ? [] : selectPart(part);
  const entries = ["-show_entries", "packet=stream_index,pts,dts,duration,flags", "-of", "csv=p=0"];
  const { warnings } = await runFfprobe(
    ["-v", "error", ...sourceOptions(url), ...select, ...entries, "-i", url],
    {
      ...options,
      onLine: (line) => {
        const packet = parsePacket(line);
        if (packet !== null) onPacket(packet);
      },
    },
  );
  return { brokenOff: /partial file/.test(warnings) };
}

function selectPart(part: Part): string[] {
  if ("seconds" in part) return ["-read_intervals", `%+${part.seconds}`];
  return ["-select_streams", String(part.stream), "-read_intervals", `${part.from.toFixed(6)}%`];
}

/** "0,3003,-1001,1001,K_": a line of side data is none. */
export function parsePacket(line: string): Packet | null {
  const [stream, pts, dts, duration, flags] = line.split(",");
  if (stream === undefined || stream === "" || flags === undefined) return null;
  const ticks = (value: string | undefined) =>
    value === undefined || value === "N/A" ? null : Number(value);
  return {
    stream: Number(stream),
    pts: ticks(pts),
    dts: ticks(dts),
    duration: ticks(duration) ?? 0,
    key: flags.startsWith("K"),
    discard: flags.charAt(1) === "D",
  };
}

/** "1/90000" → 90000; null where a tick is no whole part of a second. */
export function ticksPerSecond(timeBase: string | undefined): number | null {
  const match = /^1\/(\d+)$/.exec(timeBase ?? "");
  const value = Number(match?.[1]);
  return Number.isInteger(value) && value > 0 ? value : null;
}

/** "30000/1001" as a number; null for "0/0". */
export function ratio(text: string | undefined, separator: "/" | ":" = "/"): number | null {
  const [over, under] = (text ?? "").split(separator).map(Number);
  return over !== undefined && under !== undefined && over > 0 && under > 0 ? over / under : null;
}
