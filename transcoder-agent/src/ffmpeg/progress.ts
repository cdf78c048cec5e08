/** Reads the `key=value` lines that `-progress pipe:1` writes. Pure but for the text it has not yet split. */

export interface Progress {
  /** Frames written to the first video output, or 0. */
  frame: number;
  /** How far the output reaches, in seconds; null before the first packet. */
  seconds: number | null;
}

export interface ProgressReader {
  /** Feeds a piece of output; calls back once per complete block. */
  feed(text: string): void;
  /** ffmpeg said that it came to its end by itself. */
  readonly ended: boolean;
  readonly last: Progress;
}

export function createProgressReader(onBlock: (progress: Progress) => void): ProgressReader {
  let rest = "";
  let ended = false;
  let last: Progress = { frame: 0, seconds: null };
  const readLine = (line: string) => {
    const [key, value = ""] = line.split("=", 2);
    const number = Number(value);
    if (key === "frame" && Number.isFinite(number)) last = { ...last, frame: number };
    // Microseconds; `out_time_ms` holds microseconds too (research/transcoding.md 3.8).
    if (key === "out_time_us" && Number.isFinite(number)) last = { ...last, seconds: number / 1_000_000 };
    if (key !== "progress") return;
    if (value.trim() === "end") ended = true;
    onBlock(last);
  };
  return {
    feed(text) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) readLine(line);
    },
    get ended() {
      return ended;
    },
    get last() {
      return last;
    },
  };
}
