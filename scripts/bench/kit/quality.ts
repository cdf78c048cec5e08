/** Guards that stand beside the speed of a film: what was made must be as good, as small and as whole. */
import { statSync } from "node:fs";
import type { FileRecord } from "../../demo/follow.ts";
import type { Guard, Guards } from "../benchmark.ts";
import { RUNGS, type Rung } from "./best-command.ts";
import { countPackets, measureSsim } from "./ffmpeg.ts";
import type { Film } from "./footage.ts";

const SSIM_SLACK = 0.001;
const BYTES_SLACK = 0.03;
/** Enough to tell, and a cost that does not grow with the film. */
const COMPARED_SECONDS = 20;

interface Compared {
  name: string;
  ssim: [ours: number, theirs: number];
  bytes: [ours: number, theirs: number];
  frames: number;
}

/** `folder`: what the best command wrote. */
export async function compareLadder(record: FileRecord, film: Film, folder: string): Promise<Guards> {
  const rungs: Compared[] = [];
  for (const rung of RUNGS) rungs.push(await compareRung(record, film, rung, `${folder}/${rung.name}.mp4`));
  return {
    ssim: guardOf(rungs, ({ ssim: [ours, theirs] }) => ours >= theirs - SSIM_SLACK, saySsim),
    bytes: guardOf(rungs, ({ bytes: [ours, theirs] }) => ours <= theirs * (1 + BYTES_SLACK), sayBytes),
    frames: guardOf(
      rungs,
      ({ frames }) => frames === film.frames,
      ({ frames }) => `${frames} of ${film.frames}`,
    ),
  };
}

async function compareRung(record: FileRecord, film: Film, rung: Rung, theirs: string): Promise<Compared> {
  const ours = record.renditions.find(({ kind, name }) => kind === "rung" && name === rung.name);
  if (!ours?.url) throw new Error(`There is no rung ${rung.name}.`);
  const size = { width: rung.width, height: rung.height, seconds: Math.min(film.seconds, COMPARED_SECONDS) };
  return {
    name: rung.name,
    ssim: [await measureSsim(ours.url, film.path, size), await measureSsim(theirs, film.path, size)],
    bytes: [ours.size ?? 0, statSync(theirs).size],
    frames: await countPackets(ours.url),
  };
}

function guardOf(
  rungs: readonly Compared[],
  holds: (rung: Compared) => boolean,
  say: (rung: Compared) => string,
): Guard {
  return { pass: rungs.every(holds), said: rungs.map((rung) => `${rung.name}p ${say(rung)}`).join(", ") };
}

function saySsim({ ssim: [ours, theirs] }: Compared): string {
  return `${ours.toFixed(4)} against ${theirs.toFixed(4)}`;
}

function sayBytes({ bytes: [ours, theirs] }: Compared): string {
  return `${(100 * (ours / theirs - 1)).toFixed(1)} %`;
}
