/** Jobs and what became of them, in words; the same on the server and in the browser. Pure. */
const KINDS: Record<string, string> = {
  inspect: "inspection",
  stills: "stills",
  image: "picture",
  video: "video",
  audio: "sound",
  mp4: "mp4",
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

export function outcomeWords(outcome: string): string {
  return OUTCOMES[outcome] ?? outcome;
}

export function jobStateWords(state: string): string {
  return STATES[state] ?? state;
}
