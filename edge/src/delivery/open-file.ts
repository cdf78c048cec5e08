/** Finds the file behind a slug, or says why there is none. Every address of a file goes through here first. */
import { type FileRow, findFile } from "../catalog/files.ts";
import type { Database } from "../db/client.ts";
import { Problem } from "../http/problems.ts";

/** Throws 404 for what never was and 410 for what has been deleted. */
export async function openFile(db: Database, slug: string): Promise<FileRow> {
  const file = await findFile(db, slug);
  if (!file) {
    throw new Problem("not_found", "There is no such file.", {
      hint: "Check the link for a missing letter.",
    });
  }
  if (file.state === "deleted") {
    throw new Problem("gone", "This file was deleted.", { hint: "Ask whoever shared it for a new link." });
  }
  return file;
}
