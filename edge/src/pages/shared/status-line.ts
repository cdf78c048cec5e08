/**
 * The one quiet line under a file: what is made, what is being made, and what went wrong. Shown by the server
 * first and redrawn by the script on each event, so it is pure and takes nothing but the record.
 */
import { formatList, formatPercent, formatWait } from "./format.ts";
import { type RecordView, type RenditionView, rungsOf } from "./record.ts";

export interface StatusLine {
  tone: "busy" | "waiting" | "warning" | "quiet";
  text: string;
}

export function statusLine(record: RecordView): StatusLine {
  switch (record.status) {
    case "ready":
      return { tone: "quiet", text: "" };
    case "failed":
      return { tone: "warning", text: failure(record) };
    case "partial":
      return { tone: "warning", text: shortfall(record) };
    case "processing":
      return record.progress === null || record.progress.waiting === "no_agent"
        ? { tone: "waiting", text: join([readyPart(record), waitingFor(record)]) }
        : { tone: "busy", text: work(record) };
  }
}

function waitingFor(record: RecordView): string {
  const what = isFilm(record) || record.type.startsWith("audio/") ? "transcoder" : "machine to make previews";
  return `waiting for a ${what}; the original is below`;
}

function work(record: RecordView): string {
  const { progress } = record;
  const parts = [readyPart(record), ...makingParts(record)];
  if (progress && progress.agents > 0) {
    parts.push(progress.agents === 1 ? "1 machine" : `${progress.agents} machines`);
  }
  if (progress?.eta_s) parts.push(`about ${formatWait(progress.eta_s)} left`);
  return join(parts);
}

/** Stills are too quick to count; before them there is only looking. */
const COUNTED = ["rung", "mp4", "m4a"];

/** Each with its own share where that is known, else together with the file's. */
function makingParts(record: RecordView): string[] {
  const making = record.renditions.filter((one) => one.state === "making" && COUNTED.includes(one.kind));
  if (making.length === 0) return [beginning(record)];
  const shares = making.flatMap((one) =>
    one.fraction === null ? [] : [`${label(one)} ${formatPercent(one.fraction)}`],
  );
  if (shares.length > 0) return shares;
  return [`${formatList([...new Set(making.map(label))])} ${formatPercent(record.progress?.fraction ?? 0)}`];
}

/** Before the first rendition is begun there is nothing to put a number to. */
function beginning(record: RecordView): string {
  if (record.renditions.some((rendition) => rendition.state === "ready")) return "making the rest";
  if (isFilm(record)) return "looking at the video";
  return record.type.startsWith("audio/") ? "looking at the sound" : "making previews";
}

function readyPart(record: RecordView): string {
  const ready = rungsOf(record).filter((rung) => rung.state === "ready");
  return ready.length === 0 ? "" : `${formatList(ready.map(label))} ready`;
}

function shortfall(record: RecordView): string {
  const failed = record.renditions.filter((rendition) => rendition.state === "failed");
  if (failed.length === 0) return record.reason ? `${sentence(record.reason)} The rest is ready.` : "";
  const names = formatList([...new Set(failed.map(label))]);
  const reason = failed.find((rendition) => rendition.reason)?.reason ?? record.reason;
  return `${sentence(`${names} could not be made${reason ? `: ${reason}` : ""}`)} The rest is ready.`;
}

function failure(record: RecordView): string {
  const reason = record.reason ?? record.renditions.find((rendition) => rendition.reason)?.reason;
  return `${sentence(`nothing could be made from this file${reason ? `: ${reason}` : ""}`)} The original is safe and below.`;
}

/** What people call a rendition. */
export function label(rendition: Pick<RenditionView, "kind" | "name">): string {
  switch (rendition.kind) {
    case "rung":
      return `${rendition.name}p`;
    case "track":
      return "sound";
    case "subtitle":
      return "captions";
    case "mp4":
      return rendition.name === "embed" ? "small mp4" : "mp4";
    default:
      return rendition.kind;
  }
}

function isFilm(record: RecordView): boolean {
  return record.type.startsWith("video/") || rungsOf(record).length > 0;
}

function join(parts: string[]): string {
  return capital(parts.filter((part) => part !== "").join(" · "));
}

function sentence(words: string): string {
  return `${capital(words).replace(/[.\s]+$/, "")}.`;
}

/** Words get a capital, numbers and names such as 720p and mp4 stay. */
function capital(words: string): string {
  return /^[a-z]+[ ,:]/.test(words) ? words.charAt(0).toUpperCase() + words.slice(1) : words;
}
