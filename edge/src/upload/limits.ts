/** What an upload may be: size and type. Pure; asked before the first byte is read, and again while reading. */
import type { Config } from "../config.ts";
import { Problem } from "../http/problems.ts";

type Limits = Pick<Config, "maxFileBytes" | "allowedTypes">;

/** What boundaries and part headers of a form may add to its files. */
const FORM_OVERHEAD_BYTES = 1_024 * 1_024;

/** The announced length of a request's body; for a form, that of all its files together. */
export function announcedLength(header: string | undefined, limits: Limits, door: "raw" | "form"): number {
  if (header === undefined || !/^\d+$/.test(header)) {
    throw new Problem("length_required", "The upload does not say how long it is (Content-Length).", {
      hint: "Upload a file rather than a pipe: save it first, then use curl -T FILE.",
    });
  }
  const length = Number(header);
  refuseTooLarge(door === "form" ? length - FORM_OVERHEAD_BYTES : length, limits);
  return length;
}

export function refuseTooLarge(size: number, { maxFileBytes }: Pick<Limits, "maxFileBytes">): void {
  if (size <= maxFileBytes) return;
  throw new Problem("too_large", `The file is larger than this host's limit of ${inWords(maxFileBytes)}.`, {
    hint: `Send at most ${maxFileBytes} bytes; the owner of this host sets the limit by MAX_FILE_BYTES.`,
  });
}

export function refuseType(type: string, { allowedTypes }: Pick<Limits, "allowedTypes">): void {
  if (allowedTypes === null || allowedTypes.some((pattern) => covers(pattern, type))) return;
  throw new Problem("type_refused", `This host does not take files of the type ${type}.`, {
    hint: `It takes ${allowedTypes.join(", ")}; the type is told from the content, not from the name.`,
  });
}

export function emptyFile(): Problem {
  return new Problem("invalid", "The file is empty.", {
    hint: "Choose a file that holds at least one byte.",
  });
}

function covers(pattern: string, type: string): boolean {
  return pattern.endsWith("/*") ? type.startsWith(pattern.slice(0, -1)) : pattern === type;
}

function inWords(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const step = Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${Number((bytes / 1_000 ** step).toFixed(1))} ${units[step] ?? "bytes"}`;
}
