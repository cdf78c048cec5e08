/**
 * Names are labels: cleaned, never a reason to refuse, never part of a path or key. Pure; upload cleans what
 * it is given, delivery writes it into Content-Disposition.
 */
import { factsOf, isForeignToText, PLAIN_TEXT, UNKNOWN_TYPE } from "./types.ts";

/** UTF-8 bytes, what most file systems take. */
const LONGEST_NAME = 255;
const NAMELESS = "file";
/** Controls, double quotes, and the marks that turn the direction of writing (so that gpj.exe reads exe.jpg). */
const UNWANTED =
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u001f\u007f-\u009f"\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]/g;
const EXTENSION = /\.([A-Za-z0-9]{1,10})$/;

/** The last step of the path it may be, without what would harm a header, a terminal or a reader. */
export function cleanName(raw: string): string {
  const base = raw.toWellFormed().split(/[/\\]/).at(-1) ?? "";
  const clean = base
    .normalize("NFC")
    .replaceAll(UNWANTED, "")
    .replaceAll(/\s+/g, " ")
    .trim()
    .replace(/[. ]+$/, "");
  return clean === "" ? NAMELESS : shorten(clean);
}

/** That of the sniffed type, else that of the name, else "bin". Lower case, without a dot. */
export function extensionOf(type: string, name: string): string {
  const own = EXTENSION.exec(name)?.[1]?.toLowerCase();
  if (type === UNKNOWN_TYPE) return own ?? factsOf(type).extension;
  // "main.rs" stays .rs; a playlist that calls itself film.mp4 becomes .txt.
  if (type === PLAIN_TEXT && own !== undefined && !isForeignToText(own)) return own;
  return factsOf(type).extension;
}

/** RFC 6266 with RFC 8187: an ASCII fallback and the true name. */
export function contentDisposition(kind: "inline" | "attachment", name: string): string {
  const fallback = name.replaceAll(/[^\u0020-\u007e]/g, "_").replaceAll(/["\\%]/g, "_");
  const exact = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${fallback}"; filename*=UTF-8''${exact}`;
}

/** Cuts the stem, keeping the extension. */
function shorten(name: string): string {
  if (utf8Length(name) <= LONGEST_NAME) return name;
  const extension = EXTENSION.exec(name)?.[0] ?? "";
  let stem = Array.from(name.slice(0, name.length - extension.length)).slice(0, LONGEST_NAME);
  while (utf8Length(stem.join("")) + extension.length > LONGEST_NAME) stem = stem.slice(0, -1);
  return stem.join("").trimEnd() + extension;
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
