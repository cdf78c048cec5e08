/**
 * Decoders in hardware, as pure descriptions: frames stay in the device's memory through scaling and into the
 * encoder, or come back once they are small. Used by `h264.ts`, which pairs them with encoders; whether a pair
 * works on this machine only a trial tells.
 */
import type { SourceTraits } from "../protocol.ts";

export interface Decoding {
  /** Stand before the input. */
  readonly options: readonly string[];
  /** A filter in the device's memory, to that size and 8-bit 4:2:0. */
  scale(size: { width: number; height: number }): string;
  /** Takes scaled frames back to main memory; null where the encoder takes them as they are. */
  readonly download: string | null;
}

/** The device cannot turn pictures: those that need it are decoded in software. */
const AS_THEY_ARE = ["-noautorotate"];

export const CUDA: Decoding = {
  options: ["-hwaccel", "cuda", "-hwaccel_output_format", "cuda", ...AS_THEY_ARE],
  scale: ({ width, height }) => `scale_cuda=${width}:${height}:format=nv12`,
  download: null,
};

/** Data-centre GPUs decode and have no encoder: frames come back when they are as small as the largest rung. */
export const CUDA_TO_MEMORY: Decoding = { ...CUDA, download: "hwdownload,format=nv12" };

export function vaapiDecoding(node: string): Decoding {
  return {
    options: [
      ...["-init_hw_device", `vaapi=device:/dev/dri/${node}`, "-filter_hw_device", "device"],
      ...["-hwaccel", "vaapi", "-hwaccel_device", "device", "-hwaccel_output_format", "vaapi"],
      ...AS_THEY_ARE,
    ],
    scale: ({ width, height }) => `scale_vaapi=w=${width}:h=${height}:format=nv12`,
    download: null,
  };
}

export function qsvDecoding(node: string | null): Decoding {
  const child = node === null ? "" : `,child_device=/dev/dri/${node}`;
  return {
    options: [
      ...["-init_hw_device", `qsv=device:hw${child}`, "-filter_hw_device", "device"],
      ...["-hwaccel", "qsv", "-hwaccel_device", "device", "-hwaccel_output_format", "qsv", ...AS_THEY_ARE],
    ],
    scale: ({ width, height }) => `scale_qsv=w=${width}:h=${height}:format=nv12`,
    download: null,
  };
}

export const VIDEOTOOLBOX_DECODING: Decoding = {
  options: ["-hwaccel", "videotoolbox", "-hwaccel_output_format", "videotoolbox_vld", ...AS_THEY_ARE],
  scale: ({ width, height }) => `scale_vt=w=${width}:h=${height}`,
  download: null,
};

/** Devices refuse pictures below this, in pixels of a side, some of them silently. */
const LEAST_SIDE = 160;

/** Whether a device's filters do all that this picture needs: they weave no fields and map no tones. */
export function isPlainEnough(
  { interlaced, transfer }: Pick<SourceTraits, "interlaced" | "transfer">,
  { width, height, turned }: { width: number; height: number; turned: boolean },
): boolean {
  return !interlaced && transfer === "sdr" && !turned && Math.min(width, height) >= LEAST_SIDE;
}
