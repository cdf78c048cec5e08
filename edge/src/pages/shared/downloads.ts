/** What may be saved of a file: the original, then what has been made whole. Pure. */
import { formatBytes } from "./format.ts";
import { madeOf, type RecordView, type RenditionView } from "./record.ts";

export interface Download {
  url: string;
  text: string;
  /** What it is saved as. */
  name: string;
}

export function downloadsOf(record: RecordView): Download[] {
  const stem = record.name.replace(/\.[^.]*$/, "");
  const made = ["mp4", "m4a"].flatMap((kind) =>
    madeOf(record, kind)
      .toSorted((one, other) => rankOf(one) - rankOf(other))
      .map((one) => {
        const note = noteOf(one);
        const size = one.size === null ? "" : ` (${formatBytes(one.size)})`;
        return {
          url: `${one.url}?download`,
          text: `${kind.toUpperCase()}${note === "" ? "" : `, ${note}`}${size}`,
          name: `${stem}${note === "" ? "" : ` (${note})`}.${kind}`,
        };
      }),
  );
  return [{ url: `${record.raw_url}?download`, text: "Original", name: record.name }, ...made];
}

/** The best first, then rungs from the top down, the small one last. */
function rankOf({ kind, name }: RenditionView): number {
  if (name === kind) return -Infinity;
  return name === "embed" ? Infinity : -Number(name);
}

/** What tells this one from the best of its kind. */
function noteOf({ kind, name }: RenditionView): string {
  if (name === kind) return "";
  return name === "embed" ? "small" : `${name}p`;
}
