/**
 * What a failed run of ffmpeg or ffprobe means for the job: the one place that reads their messages.
 * Pure; the texts are those of ffmpeg 5.1 to 8.
 */
import { JobError } from "../errors.ts";
import type { FailureCode } from "../protocol.ts";

export interface FailedRun {
  tool: "ffmpeg" | "ffprobe";
  /** Exit code; null when a signal ended it. */
  code: number | null;
  signal: string | null;
  /** The end of what it wrote to stderr. */
  stderr: string;
}

/** First match wins: causes outside the file stand before those inside it. */
const MEANINGS: readonly [pattern: RegExp, code: FailureCode, message: string][] = [
  [/No space left on device|Disk quota exceeded/i, "disk_full", "The agent's disk is full."],
  // The limit on files is what the disk has left, or more than any job makes.
  [/File too large/i, "disk_full", "The agent may not write a file as large as this becomes."],
  [/Format not on whitelist/i, "unsupported", "The container is not one we read."],
  [/Protocol .* not on whitelist/i, "unsupported", "The file refers to other files."],
  [
    /Connection refused|Connection reset|Connection timed out|HTTP error 5\d\d|Server returned 5XX|Stream ends prematurely/i,
    "network",
    "The input could not be read to its end.",
  ],
  [/HTTP error 4\d\d|Server returned 4\w\w/i, "network", "The input was refused."],
  [
    /OpenEncodeSessionEx failed|Error while opening encoder|No capable devices|Device creation failed|Failed to initiali[sz]e VAAPI|Cannot load (?:lib)?(?:cuda|nvcuda|nvidia-encode|amfrt)|Error (?:creating a MFX session|initializing the encoder|during encoding)|Impossible to convert between the formats|hwupload/i,
    "encoder_gone",
    "The encoder could not be opened.",
  ],
  [/exceeds max_streams/i, "too_large", "The file has more streams than we read."],
  [/Cannot allocate memory|Out of memory/i, "crashed", "The tool ran out of memory."],
  [
    /moov atom not found/i,
    "corrupt",
    "The file's index (moov) is missing: the upload or recording broke off.",
  ],
  [
    /Decoder \([^)]*codec[^)]*\) not found|Decoder not found|Unknown decoder|Could not find codec parameters.*unknown codec|none of the .*decoders|Decoding requested, but no decoder found/i,
    "unsupported",
    "No decoder for this codec.",
  ],
  [
    /matches no streams|does not contain any stream|Output file .*does not contain/i,
    "unsupported",
    "The stream is not in the file.",
  ],
  // Of this film alone, such as zscale for HDR: everything else can still be done here.
  [/No such filter/i, "crashed", "This ffmpeg lacks a filter that the film needs: install a fuller build."],
  [/Picture size .* is invalid|exceeds? the .*limit/i, "too_large", "The picture is too large."],
  [
    /Invalid data found when processing input|EBML header parsing failed|could not find codec parameters|Invalid argument.*opening input|error reading header/i,
    "corrupt",
    "The file cannot be read as what it claims to be.",
  ],
];

export function classifyFailure(run: FailedRun): JobError {
  if (run.signal === "SIGXFSZ")
    return new JobError("disk_full", "The agent may not write a file as large as this becomes.");
  if (run.signal !== null && run.signal !== "SIGABRT" && run.signal !== "SIGSEGV")
    return new JobError("crashed", `${run.tool} was ended by ${run.signal}.`);
  for (const [pattern, code, message] of MEANINGS) {
    if (pattern.test(run.stderr)) return new JobError(code, message);
  }
  const how = run.signal === null ? `exit code ${run.code}` : run.signal;
  return new JobError("crashed", `${run.tool} failed (${how}): ${lastLine(run.stderr)}`);
}

/** The last line that says something, without addresses and paths. */
export function lastLine(stderr: string): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return (lines.at(-1) ?? "it said nothing")
    .replaceAll(/\w+:\/\/\S+/g, "…")
    .replaceAll(/(?:^|(?<=[\s'"]))(?:[A-Za-z]:)?[\\/][^\s'":]+/g, "…")
    .slice(0, 300);
}
