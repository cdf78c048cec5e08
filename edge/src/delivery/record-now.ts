/** A file's record as of this moment: rows of the catalogue, and progress from the coordinator while it works. */
import type { FileRow } from "../catalog/files.ts";
import { fileRecord, type FileRecord } from "../catalog/record.ts";
import { listRenditions } from "../catalog/renditions.ts";
import { coordinatorOf } from "../coordinator/client.ts";
import type { Progress } from "../coordinator/client.ts";
import type { Visit } from "./visit.ts";

/** Null where nothing is being made, or where the coordinator cannot be reached: the record holds without it. */
export async function progressNow(visit: Visit, file: FileRow): Promise<Progress | null> {
  if (file.status !== "processing") return null;
  return coordinatorOf(visit.env, file.pool)
    .progress(file.id)
    .catch(() => null);
}

export async function recordNow(visit: Visit, file: FileRow, progress: Progress | null): Promise<FileRecord> {
  return fileRecord(file, await listRenditions(visit.db, file.id), progress, visit.origin);
}
