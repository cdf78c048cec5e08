/** What a failure of sharp means for the job: the one place that reads its messages. */
import { JobError } from "../errors.ts";
import type { FailureCode } from "../protocol.ts";

const MEANINGS: readonly [pattern: RegExp, code: FailureCode, message: string][] = [
  [/No space left|ENOSPC/i, "disk_full", "The agent's disk is full."],
  [
    /exceeds pixel limit|exceeds channel limit|too large/i,
    "too_large",
    "The picture has more pixels than we read.",
  ],
  [
    /unsupported image format|compression format has not been built in|bad seek|No decoding plugin/i,
    "unsupported",
    "No preview can be made of this kind of picture.",
  ],
  [/Cannot allocate|out of memory/i, "crashed", "The machine ran out of memory."],
  // libvips names the loader that stumbled over the file.
  [
    /Vips|load|libpng|libspng|webp|gif|tiff|corrupt|truncat|premature|invalid|bad|unable to (?:parse|decode)/i,
    "corrupt",
    "The picture cannot be read to its end.",
  ],
];

/** Always throws; typed so that it can stand in a `.catch`. */
export function classifySharp(error: unknown): never {
  if (error instanceof JobError) throw error;
  const text = error instanceof Error ? error.message : String(error);
  for (const [pattern, code, message] of MEANINGS) {
    if (pattern.test(text)) throw new JobError(code, message, { cause: error });
  }
  throw new JobError("crashed", "The picture could not be made.", { cause: error });
}
