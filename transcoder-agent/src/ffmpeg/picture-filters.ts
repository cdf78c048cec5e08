/** The filters that make any source's picture plain: progressive, square pixels, SDR. Pure; strings only. */
import type { SourceTraits } from "../protocol.ts";

const TRANSFER_NAMES = { pq: "smpte2084", hlg: "arib-std-b67" } as const;

/** From decoded frames to a picture of that size. Tone mapping comes after scaling: half the work at 720p. */
export function plainPicture(
  traits: Pick<SourceTraits, "interlaced" | "transfer">,
  size: { width: number; height: number },
): string[] {
  return [
    ...(traits.interlaced ? ["bwdif=mode=send_frame:deint=interlaced"] : []),
    scaleTo(size),
    ...(traits.transfer === "sdr" ? [] : toneMap(TRANSFER_NAMES[traits.transfer])),
    "setsar=1",
  ];
}

/** The shown size is stated outright, so pixels that are not square become so. */
export function scaleTo({ width, height }: { width: number; height: number }): string {
  return `scale=${width}:${height}`;
}

/** The input's colours are stated: not every decoder passes them on. */
function toneMap(transfer: string): string[] {
  return [
    `zscale=tin=${transfer}:min=2020_ncl:pin=2020:rin=limited:t=linear:npl=100`,
    "format=gbrpf32le",
    "zscale=p=709",
    "tonemap=tonemap=hable:desat=0",
    "zscale=t=709:m=709:r=limited",
    "format=yuv420p",
  ];
}
