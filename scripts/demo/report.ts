/** What the demo prints: a live line per file, then every link and a table of what was made. */
import type { FileRecord, UploadAnswer } from "./follow.ts";

/**
 * A line of progress: rewritten in place on a terminal; elsewhere a new one only for news worth a line (a
 * rendition became ready, a tenth of the way, waiting began or ended).
 */
export function progressLine(write: (text: string) => void, terminal: boolean) {
  let last = "";
  return (record: FileRecord, seconds: number) => {
    const text = progressText(record, seconds);
    const news = terminal ? text : newsOf(record);
    if (news === last) return;
    last = news;
    write(terminal ? `\r\u001b[K${text}` : `${text}\n`);
  };
}

function progressText(record: FileRecord, seconds: number): string {
  const ready = readyNames(record);
  const waiting = record.progress?.waiting === "no_agent" ? " · waiting for an agent" : "";
  const made = ready.length > 0 ? ` · ready: ${ready.join(", ")}` : "";
  return `  ${record.name}  ${Math.round(fractionOf(record) * 100)} %${made}${waiting} · ${seconds.toFixed(0)} s`;
}

function newsOf(record: FileRecord): string {
  const tenths = Math.floor(fractionOf(record) * 10);
  return [tenths, record.progress?.waiting ?? "", ...readyNames(record)].join(" ");
}

function readyNames(record: FileRecord): string[] {
  return record.renditions.filter((one) => one.state === "ready").map((one) => label(one.kind, one.name));
}

function fractionOf(record: FileRecord): number {
  return record.progress?.fraction ?? (record.status === "processing" ? 0 : 1);
}

export function label(kind: string, name: string): string {
  if (kind === "rung") return `${name}p`;
  return kind === "track" ? name : kind;
}

export function linkLines(answer: UploadAnswer, host: string, video: boolean): string[] {
  const lines = [
    `  page       ${answer.url}`,
    `  original   ${answer.raw_url}`,
    `  thumbnail  ${answer.thumbnail_url}`,
  ];
  if (video) {
    lines.push(
      `  playlist   ${host}/${answer.id}/hls/master.m3u8`,
      `  mp4        ${host}/${answer.id}/video.mp4`,
    );
  }
  return [...lines, `  delete     ${answer.delete_url}`];
}

export function table(records: FileRecord[]): string {
  const rows = records.flatMap((record) =>
    record.renditions.map((one) => [
      record.name,
      label(one.kind, one.name),
      one.width ? `${one.width}×${one.height}` : "",
      one.size ? sizeText(one.size) : "",
      one.state + (one.reason ? ` (${one.reason})` : ""),
    ]),
  );
  const all = [["file", "rendition", "pixels", "size", "state"], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
    .join("\n");
}

function sizeText(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
