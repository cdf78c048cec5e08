/** The short facts of a file that stand under its name and in previews elsewhere. Pure. */
import { formatBytes, formatLength } from "./shared/format.ts";
import type { RecordView } from "./shared/record.ts";

/** Size, dimensions, length: what is known of them. */
export function facts(record: RecordView): string[] {
  const known = [formatBytes(record.size)];
  if (record.width && record.height) known.push(`${record.width} × ${record.height}`);
  if (record.duration) known.push(formatLength(record.duration));
  return known;
}

/** `PNG`, `MP4`, `BIN`: what the original is, in the letters people know. */
export function extensionLabel(record: RecordView): string {
  return record.raw_url.slice(record.raw_url.lastIndexOf(".") + 1).toUpperCase();
}
