/**
 * The H.264 encoders we know how to drive, best first, as pure descriptions: what opens the device, what a
 * chain of filters must end in, which options make a rung. Whether one works on this machine only a trial
 * tells (`encoders.ts`); which one a job takes, `choice.ts`.
 *
 * An encoder with `decoding` is a whole pipeline in the device's memory; each also stands alone, fed by software
 * decoding, so that the list is the order of falling back: all in hardware, encoding alone, all in software.
 */
import type { Devices } from "./devices.ts";
import {
  CUDA,
  CUDA_TO_MEMORY,
  qsvDecoding,
  vaapiDecoding,
  VIDEOTOOLBOX_DECODING,
  type Decoding,
} from "./hardware-decoding.ts";

export interface RungLimits {
  /** Most bits per second. */
  ceiling: number;
  /** Pictures may be sent out of order. Never for uneven frame times: some players then lose the beat. */
  reorder: boolean;
}

export interface Encoder {
  /** ffmpeg's name, with device and decoder where there are any: "h264_vaapi@renderD129+decode". */
  readonly name: string;
  readonly hardware: boolean;
  /** Pictures are decoded and scaled where they are encoded. */
  readonly decoding?: Decoding;
  /** How many may be open at a time, where the driver has a limit. */
  readonly sessions?: number;
  /** Stand before the first input. */
  readonly deviceOptions: readonly string[];
  /** Ends the filter chain of a rung. */
  readonly format: string;
  options(limits: RungLimits): string[];
}

/** Constant quality: x264's CRF, and the nearest of each vendor's scales. */
const QUALITY = "23";
/** VBV buffer, in seconds of the ceiling. */
const BUFFER_SECONDS = 2;

export const SOFTWARE: Encoder = {
  name: "libx264",
  hardware: false,
  deviceOptions: [],
  format: "format=yuv420p",
  options: ({ ceiling, reorder }) => [
    ...["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-crf", QUALITY],
    ...rate(ceiling),
    ...["-sc_threshold", "0", "-forced-idr", "1"],
    ...(reorder ? [] : ["-bf", "0"]),
  ],
};

const NVENC: Encoder = {
  name: "h264_nvenc",
  hardware: true,
  deviceOptions: [],
  format: "format=nv12",
  options: ({ ceiling, reorder }) => [
    ...["-c:v", "h264_nvenc", "-preset", "p4", "-tune", "hq", "-profile:v", "high"],
    ...["-rc", "vbr", "-cq", QUALITY, "-b:v", "0"],
    ...rate(ceiling),
    ...["-spatial-aq", "1", "-no-scenecut", "1", "-forced-idr", "1", "-bf", reorder ? "2" : "0"],
  ],
};

const QSV: Encoder = {
  name: "h264_qsv",
  hardware: true,
  deviceOptions: [],
  format: "format=nv12",
  options: ({ ceiling }) => [
    ...["-c:v", "h264_qsv", "-preset", "medium", "-profile:v", "high"],
    // Below the ceiling: where both are equal it is a constant rate, and quality counts for nothing.
    ...["-global_quality", QUALITY, "-b:v", String(Math.round(ceiling * 0.8))],
    ...rate(ceiling),
    ...["-forced_idr", "1", "-bf", "0"],
  ],
};

function vaapi(node: string): Encoder {
  return {
    name: `h264_vaapi@${node}`,
    hardware: true,
    deviceOptions: ["-vaapi_device", `/dev/dri/${node}`],
    format: "format=nv12,hwupload",
    // Quality and a ceiling go together in QVBR alone.
    options: ({ ceiling }) => [
      ...["-c:v", "h264_vaapi", "-profile:v", "high", "-rc_mode", "QVBR"],
      ...["-global_quality", QUALITY, "-b:v", String(Math.round(ceiling * 0.8))],
      ...rate(ceiling),
      ...["-bf", "0"],
    ],
  };
}

const VIDEOTOOLBOX: Encoder = {
  name: "h264_videotoolbox",
  hardware: true,
  deviceOptions: [],
  format: "format=nv12",
  // Constant quality exists on Apple silicon only; the ceiling as average does on all.
  options: ({ ceiling }) => [
    ...["-c:v", "h264_videotoolbox", "-profile:v", "high", "-allow_sw", "0"],
    ...["-b:v", String(Math.round(ceiling * 0.8)), "-bf", "0"],
  ],
};

const AMF: Encoder = {
  name: "h264_amf",
  hardware: true,
  deviceOptions: [],
  format: "format=nv12",
  options: ({ ceiling }) => [
    ...["-c:v", "h264_amf", "-usage", "transcoding", "-quality", "balanced", "-profile:v", "high"],
    ...["-rc", "vbr_peak", "-b:v", String(Math.round(ceiling * 0.8))],
    ...rate(ceiling),
    ...["-forced_idr", "1", "-bf", "0"],
  ],
};

/** The same with pictures that never leave the device. */
function decodingToo(encoder: Encoder, decoding: Decoding): Encoder {
  return { ...encoder, name: `${encoder.name}+decode`, deviceOptions: [], decoding };
}

/** x264 fed by a GPU that only decodes; worth it only where a trial finds it faster than x264 alone. */
export const HALF_SOFTWARE: Encoder = { ...SOFTWARE, name: "libx264+cuda", decoding: CUDA_TO_MEMORY };

/** What is all in the device first, then what is fed by software. */
function both(encoder: Encoder, decoding: Decoding): Encoder[] {
  return [decodingToo(encoder, decoding), encoder];
}

/** Worth a trial on this kind of machine, best first; libx264 is always the last. */
export function candidateEncoders(platform: NodeJS.Platform, { renderNodes, nvidia }: Devices): Encoder[] {
  const node = renderNodes[0] ?? null;
  const nvenc = nvidia ? both(NVENC, CUDA) : [];
  const software = nvidia ? [HALF_SOFTWARE, SOFTWARE] : [SOFTWARE];
  if (platform === "darwin") return [...both(VIDEOTOOLBOX, VIDEOTOOLBOX_DECODING), SOFTWARE];
  if (platform === "win32") return [...nvenc, ...both(QSV, qsvDecoding(null)), AMF, ...software];
  return [
    ...nvenc,
    ...(node === null ? [] : both(QSV, qsvDecoding(node))),
    ...renderNodes.flatMap((each) => both(vaapi(each), vaapiDecoding(each))),
    ...software,
  ];
}

/** All that we know how to drive anywhere, for telling what was never tried here. */
export function knownEncoders(): string[] {
  const platforms = (["linux", "darwin", "win32"] as const).flatMap((platform) =>
    candidateEncoders(platform, { renderNodes: ["renderD128"], nvidia: true }),
  );
  return [...new Set(platforms.map(({ name }) => withoutDevice(name)))];
}

export function withoutDevice(name: string): string {
  return name.replace(/@[^+]*/, "");
}

function rate(ceiling: number): string[] {
  return ["-maxrate", String(ceiling), "-bufsize", String(ceiling * BUFFER_SECONDS)];
}
