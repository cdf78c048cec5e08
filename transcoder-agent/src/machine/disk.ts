/** What the disk says: whether there is room for a job, and when an error means that it is full. */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { JobError } from "../errors.ts";

/** Kept free besides a job's inputs, for what it makes. */
export const DISK_MARGIN_BYTES = 512 * 1_024 * 1_024;

const FULL = new Set(["ENOSPC", "EDQUOT"]);

/** Bytes that this user may still write where `path` lies, or would lie once it is made. */
export async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(path);
    if (parent === path) throw error;
    return freeBytes(parent);
  }
}

/** Throws `disk_full` unless `bytes` and the margin fit. */
export function demandRoom(free: number, bytes: number): void {
  if (free >= bytes + DISK_MARGIN_BYTES) return;
  const mebibytes = (value: number) => `${Math.ceil(value / 1_024 / 1_024)} MiB`;
  throw new JobError(
    "disk_full",
    `The job needs ${mebibytes(bytes + DISK_MARGIN_BYTES)} of disk and ${mebibytes(free)} are free.`,
  );
}

/** The error, or `disk_full` where that is what it (or its cause) means. */
export function asJobError(error: unknown): Error {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof JobError) return cause;
    if ("code" in cause && typeof cause.code === "string" && FULL.has(cause.code)) {
      return new JobError("disk_full", "The disk is full.", { cause: error });
    }
  }
  return error instanceof Error ? error : new Error(String(error));
}
