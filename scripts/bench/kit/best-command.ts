/**
 * The other side of the video ratios: the one best ffmpeg command for a ladder from a local file. One decode, a
 * cascade of scales, the quality and the keyframes that our rungs have; the top rung copied where it fits. Pure.
 */
import { SEGMENT_SECONDS } from "#protocol";
import type { FilmKind } from "./footage.ts";

/** The ladder of a 1080p film (design: ladder), highest first. Bits per second. */
export const RUNGS = [
  { name: "1080", width: 1920, height: 1080, ceiling: 5_000_000 },
  { name: "720", width: 1280, height: 720, ceiling: 2_800_000 },
  { name: "480", width: 854, height: 480, ceiling: 1_200_000 },
] as const;

export type Rung = (typeof RUNGS)[number];

/** Writes `<folder>/<rung>.mp4` and `<folder>/audio.m4a`. */
export function bestCommand(source: string, kind: FilmKind, folder: string): string[] {
  const copied = kind === "copy" ? RUNGS.slice(0, 1) : [];
  const encoded = RUNGS.slice(copied.length);
  return [
    ...["-i", source, "-filter_complex", cascade(encoded, copied.length === 0)],
    ...copied.flatMap(({ name }) => ["-map", "0:v:0", "-c:v", "copy", ...file(folder, `${name}.mp4`)]),
    ...encoded.flatMap((rung) => [
      "-map",
      `[out${rung.name}]`,
      ...encode(rung),
      ...file(folder, `${rung.name}.mp4`),
    ]),
    ...["-map", "0:a:0", "-c:a", "copy", ...file(folder, "audio.m4a")],
  ];
}

/** Each rung is scaled from the one above it; the first of a film of that size needs no scaling. */
function cascade(rungs: readonly Rung[], first: boolean): string {
  return rungs
    .map((rung, at) => {
      const from = at === 0 ? "[0:v:0]" : `[next${rung.name}]`;
      const scale = at === 0 && first ? "" : `scale=${rung.width}:${rung.height},setsar=1,`;
      const below = rungs[at + 1];
      const fork = below ? `,split=2[out${rung.name}][next${below.name}]` : `[out${rung.name}]`;
      return `${from}${scale}format=yuv420p${fork}`;
    })
    .join(";");
}

function encode({ ceiling }: Rung): string[] {
  return [
    ...["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-crf", "23"],
    ...["-maxrate", String(ceiling), "-bufsize", String(2 * ceiling), "-sc_threshold", "0", "-g", "100000"],
    ...["-force_key_frames", `expr:gte(t,n_forced*${SEGMENT_SECONDS})`],
  ];
}

function file(folder: string, name: string): string[] {
  return ["-map_metadata", "-1", "-f", "mp4", `${folder}/${name}`];
}
