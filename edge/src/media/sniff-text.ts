/** Text and what kind of text, from the first bytes. Pure; called by `sniff.ts` after all binary formats. */
import { PLAIN_TEXT } from "./types.ts";

/** Control characters that text files do not have; tab, line ends, form feed and escape are fine. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]/;
/** What browsers take for HTML at the start of a file (mimesniff.spec.whatwg.org §7.1). */
const HTML =
  /^(?:<!--[^]*?(?:-->|$)\s*)*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[\s>]/i;
const XML_PROLOGUE = /^(?:<\?[^]*?\?>|<!--[^]*?-->|<!doctype[^>[]*(?:\[[^]*?\])?[^>]*>|\s+)*/i;

/** Null: not text. `whole` says that the head is all of the file. */
export function sniffText(head: Uint8Array, whole: boolean, name: string): string | null {
  const text = decode(head);
  if (text === null || CONTROLS.test(text)) return null;
  const start = text.trimStart();
  if (start.startsWith("<")) return sniffMarkup(start);
  return isJson(start, whole, name) ? "application/json" : PLAIN_TEXT;
}

function sniffMarkup(start: string): string {
  const root = start.replace(XML_PROLOGUE, "");
  if (/^<(?:\w+:)?svg[\s>/]/i.test(root)) return "image/svg+xml";
  if (start.startsWith("<?xml")) return /^<html[\s>]/i.test(root) ? "application/xhtml+xml" : "text/xml";
  if (HTML.test(start) || HTML.test(root)) return "text/html";
  // No declaration, but a root element with a namespace, or an MPD.
  return /^<(?:MPD|[\w:.-]+)\b[^>]*\sxmlns/.test(root) || /^<MPD[\s>]/.test(root) ? "text/xml" : PLAIN_TEXT;
}

function isJson(start: string, whole: boolean, name: string): boolean {
  if (!/^[{[]/.test(start)) return false;
  if (!whole) return name.toLowerCase().endsWith(".json");
  try {
    JSON.parse(start);
    return true;
  } catch {
    return false;
  }
}

/** UTF-8, or UTF-16 with its mark. A character cut off by the end of the head is no fault. */
function decode(head: Uint8Array): string | null {
  const encoding =
    head[0] === 0xff && head[1] === 0xfe
      ? "utf-16le"
      : head[0] === 0xfe && head[1] === 0xff
        ? "utf-16be"
        : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: false }).decode(head, { stream: true });
  } catch {
    return null;
  }
}
