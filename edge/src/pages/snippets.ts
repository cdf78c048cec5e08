/** The texts that people paste elsewhere: HTML, Markdown and BBCode for a file. Pure, and safe where they land. */
import type { FileKind } from "../db/schema.ts";
import { type RecordView, renditionOf } from "./shared/record.ts";

export interface Snippet {
  label: string;
  text: string;
}

export function snippets(record: RecordView, kind: FileKind): Snippet[] {
  const isPicture = kind === "image" || kind === "animation";
  const markdown = `[${escapeMarkdown(record.name)}](${isPicture ? record.raw_url : record.url})`;
  return [
    { label: "Page", text: record.url },
    { label: "Direct link", text: record.raw_url },
    { label: "HTML", text: embedHtml(record, kind) },
    { label: "Markdown", text: isPicture ? `!${markdown}` : markdown },
    {
      label: "BBCode",
      text: isPicture
        ? `[img]${record.raw_url}[/img]`
        : `[url=${record.url}]${escapeBbcode(record.name)}[/url]`,
    },
  ];
}

/** What shows the file on another page without any script of ours. */
export function embedHtml(record: RecordView, kind: FileKind): string {
  const name = escapeHtml(record.name);
  const size = record.width && record.height ? ` width="${record.width}" height="${record.height}"` : "";
  switch (kind) {
    case "image":
    case "animation":
      return `<img src="${record.raw_url}" alt="${name}"${size}>`;
    case "video": {
      const mp4 = renditionOf(record, "mp4");
      const source = mp4?.state === "ready" && mp4.url ? mp4.url : record.raw_url;
      return `<video src="${source}" poster="${record.url}/poster.jpg"${size} controls preload="none"></video>`;
    }
    case "audio":
      return `<audio src="${record.raw_url}" controls preload="none"></audio>`;
    default:
      return `<a href="${record.url}">${name}</a>`;
  }
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

function escapeMarkdown(text: string): string {
  return escapeHtml(text).replaceAll(/[\\`*_[\]()~|]/g, String.raw`\$&`);
}

/** BBCode has no escapes: a name that could open a tag loses its brackets. */
function escapeBbcode(text: string): string {
  return text.replaceAll("[", "(").replaceAll("]", ")");
}
