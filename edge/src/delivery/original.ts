/** The original of a file as something to serve: never altered, under its one extension. */
import type { FileRow } from "../catalog/files.ts";
import { Problem } from "../http/problems.ts";
import { contentDisposition } from "../media/names.ts";
import { factsOf, PLAIN_TEXT } from "../media/types.ts";
import { ORIGINAL_FRESHNESS } from "./freshness.ts";
import type { ServedObject } from "./serve-object.ts";

/** Throws 404 for another extension than the file's own. */
export function servedOriginal(file: FileRow, extension: string, download: boolean): ServedObject {
  if (extension !== file.extension) {
    throw new Problem("not_found", `This file is not served as .${extension.slice(0, 16)}.`, {
      hint: `Its address is /${file.id}.${file.extension}`,
    });
  }
  const kind = download || !factsOf(file.type).inline ? "attachment" : "inline";
  return {
    shard: file.shard,
    key: file.objectKey,
    offset: 0,
    size: file.size,
    // Without a charset browsers guess one; where the text has a byte order mark, that wins over ours.
    type: file.type === PLAIN_TEXT ? `${PLAIN_TEXT}; charset=utf-8` : file.type,
    etag: `"${file.sha256 ?? file.objectKey}"`,
    modified: file.storedAt,
    freshness: ORIGINAL_FRESHNESS,
    disposition: contentDisposition(kind, file.name),
    cached: false,
  };
}
