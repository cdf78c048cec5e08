/** The captions of a film, from its record: one for each text track that has been made. Pure. */
import { languageName, languageTag } from "./languages.ts";
import { madeOf, type RecordView } from "./record.ts";

export interface Caption {
  label: string;
  /** For `srclang`; empty where it is unknown. */
  language: string;
  /** WebVTT. */
  url: string;
}

/** `text-3` is made from the file's stream 3. */
const TRACK_NAME = /^text-(\d{1,3})$/;

export function captionsOf(record: RecordView): Caption[] {
  const found = madeOf(record, "subtitle").flatMap(({ name }) => {
    const stream = TRACK_NAME.exec(name)?.[1];
    if (stream === undefined) return [];
    const tag = record.streams?.find(({ index }) => index === Number(stream))?.language ?? null;
    const label = languageName(tag) ?? "Captions";
    return [{ label, language: languageTag(tag) ?? "", url: `${record.url}/${name}.vtt` }];
  });
  return found.map((caption, at) => ({ ...caption, label: numbered(found, at) }));
}

/** Two of one name are told apart by a number. */
export function numbered(entries: { label: string }[], at: number): string {
  const label = entries[at]?.label ?? "";
  const same = entries.filter((entry) => entry.label === label);
  if (same.length < 2) return label;
  return `${label} ${entries.slice(0, at + 1).filter((entry) => entry.label === label).length}`;
}
