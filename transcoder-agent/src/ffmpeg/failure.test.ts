import { expect, test } from "vitest";
import { classifyFailure, lastLine } from "./failure.ts";

/** As ffmpeg 5.1 and 7 said them. */
const SAID: [stderr: string, code: string, failureClass: string][] = [
  [
    "[mov,mp4 @ 0x5] [error] moov atom not found\nhttp://127.0.0.1:1/x: Invalid data found",
    "corrupt",
    "permanent",
  ],
  ["[in#0 @ 0x5] Format not on whitelist 'mov,matroska'\n/x: Invalid argument", "unsupported", "permanent"],
  ["[http @ 0x5] Protocol 'http' not on whitelist 'file'!", "unsupported", "permanent"],
  ["av_interleaved_write_frame(): No space left on device", "disk_full", "agent_fault"],
  [
    "[h264_nvenc @ 0x5] Cannot load libcuda.so.1\nError initializing output stream",
    "encoder_gone",
    "agent_fault",
  ],
  ["[h264_nvenc @ 0x5] OpenEncodeSessionEx failed: out of memory (10)", "encoder_gone", "agent_fault"],
  ["Impossible to convert between the formats supported by the filter", "encoder_gone", "agent_fault"],
  ["[tcp @ 0x5] Connection to tcp://127.0.0.1:5 failed: Connection refused", "network", "transient"],
  ["[http @ 0x5] HTTP error 503 Service Unavailable", "network", "transient"],
  ["[AVFilterGraph @ 0x5] No such filter: 'zscale'", "crashed", "transient"],
  [
    "[matroska @ 0x5] Number of streams exceeds max_streams parameter (64)\nCannot allocate memory",
    "too_large",
    "permanent",
  ],
  ["/x.mp4: Invalid data found when processing input", "corrupt", "permanent"],
  ["Decoder (codec none) not found for input stream #0:0", "unsupported", "permanent"],
  ["Stream map '0:7' matches no streams.", "unsupported", "permanent"],
  ["something nobody has seen before", "crashed", "transient"],
];

test.each(SAID)("%j means %s", (stderr, code, failureClass) => {
  expect(classifyFailure({ tool: "ffmpeg", code: 1, signal: null, stderr })).toMatchObject({
    code,
    failureClass,
  });
});

test("a signal is a crash, whatever was said before", () => {
  const stderr = "moov atom not found";
  expect(classifyFailure({ tool: "ffmpeg", code: null, signal: "SIGKILL", stderr }).code).toBe("crashed");
});

test("the last words hold neither address nor path", () => {
  expect(lastLine("first\nhttp://127.0.0.1:99/token?sig=1: oops at /home/me/x.mp4 'and /tmp/y'\n\n")).toBe(
    "… oops at … 'and …'",
  );
  expect(lastLine("")).toBe("it said nothing");
});
