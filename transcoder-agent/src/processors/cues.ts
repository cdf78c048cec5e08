/**
 * WebVTT as ffmpeg writes it, moved to our timeline. Pure; used by the subtitle processor. What is no cue
 * (styles, notes, anything a file smuggled in between) is left out.
 */

export interface Cues {
  text: string;
  count: number;
}

/** Cues that are over before the timeline starts are dropped. `origin` in seconds. */
export function shiftCues(source: string, origin: number): Cues {
  const cues = source
    .replaceAll("\r\n", "\n")
    .split(/\n{2,}/)
    .flatMap((block) => readCue(block) ?? [])
    .map(({ from, until, words }) => ({ from: Math.max(0, from - origin), until: until - origin, words }))
    .filter(({ from, until }) => until > from);
  const blocks = cues.map(({ from, until, words }) => `${clock(from)} --> ${clock(until)}\n${words}`);
  return { text: ["WEBVTT", ...blocks, ""].join("\n\n").trimEnd() + "\n", count: cues.length };
}

function readCue(block: string): { from: number; until: number; words: string } | null {
  const lines = block.trim().split("\n");
  const at = lines.findIndex((line) => line.includes("-->"));
  // At most an identifier stands before the times.
  if (at < 0 || at > 1) return null;
  const times = /^(\S+)[ \t]+-->[ \t]+(\S+)/.exec(lines[at] ?? "");
  const [from, until] = [seconds(times?.[1]), seconds(times?.[2])];
  const words = lines.slice(at + 1).join("\n");
  return from === null || until === null || words === "" || words.includes("-->")
    ? null
    : { from, until, words };
}

/** "01:02:03.456" or "02:03.456"; what lies before 0 has a sign. */
function seconds(time: string | undefined): number | null {
  const match = /^(-?)(?:(\d+):)?(\d+):(\d+)\.(\d{3})$/.exec(time ?? "");
  if (match === null) return null;
  const [, sign, hours = "0", minutes, whole, thousandths] = match;
  const value = Number(hours) * 3_600 + Number(minutes) * 60 + Number(whole) + Number(thousandths) / 1_000;
  return sign === "-" ? -value : value;
}

function clock(time: number): string {
  const milliseconds = Math.round(time * 1_000);
  const part = (value: number, digits = 2) => String(value).padStart(digits, "0");
  const whole = Math.floor(milliseconds / 1_000);
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60];
  return `${part(hours)}:${part(minutes)}:${part(whole % 60)}.${part(milliseconds % 1_000, 3)}`;
}
