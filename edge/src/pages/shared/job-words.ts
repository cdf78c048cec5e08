/** Jobs and what became of them, in words; the same on the server and in the browser. Pure. */
import { formatList } from "./format.ts";

const KINDS: Record<string, string> = {
  inspect: "inspection",
  stills: "stills",
  image: "picture",
  video: "video",
  audio: "sound",
  mp4: "MP4",
  index: "frame index",
  subtitle: "subtitles",
  storyboard: "storyboard",
  waveform: "waveform",
};

const OUTCOMES: Record<string, string> = {
  open: "at work",
  done: "done",
  lost: "agent lost",
  failed: "failed",
  fault: "agent's own trouble",
  released: "given back",
  cancelled: "cancelled",
  superseded: "made by others",
};

/** States of a job that no agent has had. */
const STATES: Record<string, string> = {
  blocked: "waiting for an earlier step",
  ready: "waiting for an agent",
  leased: "at work",
  committing: "being checked",
  retry_wait: "to be tried again",
  dead: "failed",
};

export function kindWords(kind: string): string {
  return KINDS[kind] ?? kind;
}

/** `coordinator/plans/pieces.ts` and `media/reshape.ts`: what some parts begin with. */
const REASONS: Record<string, string> = { wait: "awaited", hedge: "once more" };

/** Which part of the file: `480_720.1-3` is `480p and 720p, segments 2–3`; nothing where it is all of it. */
export function partWords(part: string): string {
  if (part === "all") return "";
  if (part === "embed") return "small";
  const piece = /^((?:[a-z]+\.)*)([\w-]+)\.(\d+)-(\d+)$/.exec(part);
  if (piece === null) return part;
  const [, reasons = "", tracks = "", from, until] = piece;
  const [first, last] = [Number(from) + 1, Number(until)];
  const why = reasons.split(".").filter(Boolean);
  return [
    formatList(tracks.split("_").map(trackWords)),
    first === last ? `segment ${first}` : `segments ${first}–${last}`,
    ...why.map((reason) => REASONS[reason] ?? reason),
  ].join(", ");
}

function trackWords(name: string): string {
  if (/^\d+$/.test(name)) return `${name}p`;
  const sound = /^audio-(\d+)$/.exec(name);
  return sound === null ? name : `track ${Number(sound[1]) + 1}`;
}

export function outcomeWords(outcome: string): string {
  return OUTCOMES[outcome] ?? outcome;
}

export function jobStateWords(state: string): string {
  return STATES[state] ?? state;
}
