/** Open files: closed again whatever happens, and copied piece by piece. */
import { open, type FileHandle } from "node:fs/promises";
import { JobError } from "../errors.ts";

const COPY_BYTES = 1024 * 1024;

export async function withFile<T>(
  path: string,
  flags: "r" | "r+" | "w",
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path, flags);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Copies bytes to where the target stands. */
export async function copyRange(
  source: FileHandle,
  target: FileHandle,
  offset: number,
  length: number,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(length, COPY_BYTES));
  for (let done = 0; done < length;) {
    const wanted = Math.min(buffer.length, length - done);
    const { bytesRead } = await source.read(buffer, 0, wanted, offset + done);
    if (bytesRead === 0) throw new JobError("crashed", "A fragment file ends before its samples do.");
    await target.writeFile(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
}

/** `length` bytes from `position`, fewer at the end of the file. */
export async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}
