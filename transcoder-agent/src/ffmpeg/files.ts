/** A file that is closed again whatever happens. */
import { open, type FileHandle } from "node:fs/promises";

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
