/**
 * One run of ffmpeg as data: what the pure builders give and `run.ts` starts. The same arrays run through
 * plain `spawn` by way of `toArguments`.
 */

export interface Invocation {
  readonly inputs: readonly { readonly options: readonly string[]; readonly url: string }[];
  readonly outputs: readonly { readonly options: readonly string[]; readonly path: string }[];
}

/** Before everything else in every run. Progress goes to stdout, which carries nothing else. */
export const GLOBAL_OPTIONS: readonly string[] = [
  "-hide_banner",
  "-nostdin",
  "-v",
  "level+warning",
  "-nostats",
  "-stats_period",
  "0.2",
  "-progress",
  "pipe:1",
];

export function toArguments(invocation: Invocation): string[] {
  return [
    ...GLOBAL_OPTIONS,
    ...invocation.inputs.flatMap(({ options, url }) => [...options, "-i", url]),
    "-y",
    ...invocation.outputs.flatMap(({ options, path }) => [...options, path]),
  ];
}

/** Nothing is decoded or encoded: bound by the line and the disk, and short in time of a core. */
export function movesPackets({ outputs }: Invocation): boolean {
  return outputs.every(({ options }) =>
    options.some((option, at) => option === "-c" && options[at + 1] === "copy"),
  );
}
