/** Redraws what the page says about the file when its record changes: status, facts, downloads. */
import { formatBytes, formatLength } from "../../src/pages/shared/format.ts";
import { type RecordView, renditionOf } from "../../src/pages/shared/record.ts";
import { statusLine } from "../../src/pages/shared/status-line.ts";
import { find, seek } from "../lib/dom.ts";

export function drawDetails(record: RecordView): void {
  const status = find("#status", HTMLElement);
  const line = statusLine(record);
  status.dataset["tone"] = line.tone;
  if (status.textContent !== line.text) status.textContent = line.text;
  const { width, height, duration } = record;
  const dimensions = width && height ? `${width} × ${height}` : "";
  const length = duration ? formatLength(duration) : "";
  find("#facts", HTMLElement).textContent = [formatBytes(record.size), dimensions, length]
    .filter(Boolean)
    .join(" · ");
  for (const kind of ["mp4", "m4a"]) offer(record, kind);
}

function offer(record: RecordView, kind: string): void {
  const made = renditionOf(record, kind);
  const link = seek(`#download-${kind}`, HTMLAnchorElement);
  if (made?.state !== "ready" || !made.url || link === null) return;
  link.href = `${made.url}?download`;
  link.textContent = `${kind.toUpperCase()}${made.size ? ` (${formatBytes(made.size)})` : ""}`;
  link.hidden = false;
}
