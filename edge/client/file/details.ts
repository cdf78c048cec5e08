/** Redraws what the page says about the file when its record changes: status, facts, downloads. */
import { downloadsOf } from "../../src/pages/shared/downloads.ts";
import { formatBytes, formatLength } from "../../src/pages/shared/format.ts";
import type { RecordView } from "../../src/pages/shared/record.ts";
import { statusLine } from "../../src/pages/shared/status-line.ts";
import { find } from "../lib/dom.ts";

export function drawDetails(record: RecordView): void {
  const status = find("#status", HTMLElement);
  const line = statusLine(record);
  status.dataset["tone"] = line.tone;
  if (status.textContent !== line.text) status.textContent = line.text;
  // Of what was settled something is made again.
  if (line.text !== "") delete status.dataset["settled"];
  const { width, height, duration } = record;
  const dimensions = width && height ? `${width} × ${height}` : "";
  const length = duration ? formatLength(duration) : "";
  find("#facts", HTMLElement).textContent = [formatBytes(record.size), dimensions, length]
    .filter(Boolean)
    .join(" · ");
  drawDownloads(record);
}

/** The list only grows; what stands there already stays, so that nobody's focus or press is lost. */
function drawDownloads(record: RecordView): void {
  const list = find("#downloads", HTMLElement);
  for (const [at, { url, name, text }] of downloadsOf(record).entries()) {
    if (list.children[at]?.textContent?.trim() === text) continue;
    const link = document.createElement("a");
    Object.assign(link, { href: url, download: name, textContent: text });
    list.insertBefore(link, list.children[at] ?? null);
  }
}
