/** What the demo prints: a live line per file, then every link and a table of what was made. */
import type { FileRecord, UploadAnswer } from "./follow.ts";

/** One line that is rewritten on a terminal; elsewhere a line whenever its text changes. */
export function liveLine(write: (text: string) => void, terminal: boolean): (text: string) => void {
  let last = "";
  return (text) => {
    if (text === last) return;
    last = text;
    write(terminal ? `\r\u001b[K${text}` : `${text}\n`);
  };
}

export function progressText(record: FileRecord, seconds: number): string {
  const ready = record.renditions
    .filter((one) => one.state === "ready")
    .map((one) => label(one.kind, one.name));
  const percent = Math.round((record.progress?.fraction ?? (record.status === "processing" ? 0 : 1)) * 100);
  const waiting = record.progress?.waiting === "no_agent" ? " · waiting for an agent" : "";
  const made = ready.length > 0 ? ` · ready: ${ready.join(", ")}` : "";
  return `  ${record.name}  ${percent} %${made}${waiting} · ${seconds.toFixed(0)} s`;
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
