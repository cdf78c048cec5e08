import { expect, test } from "vitest";
import { JobError } from "../errors.ts";
import { classifySharp } from "./sharp-failure.ts";

test.each([
  ["Input image exceeds pixel limit", "too_large"],
  ["Input file contains unsupported image format", "unsupported"],
  ["heifload: Support for this compression format has not been built in (11.3003)", "unsupported"],
  ["VipsJpeg: premature end of JPEG image", "corrupt"],
  ["pngload: libspng read error", "corrupt"],
  ["gifload_file: Image is truncated", "corrupt"],
  ["vips2file: write error: No space left on device", "disk_full"],
  ["something nobody has seen before", "crashed"],
])("%j means %s", (message, code) => {
  expect(() => classifySharp(new Error(message))).toThrow(expect.objectContaining({ code }));
});

test("what is classified already stays as it is", () => {
  const error = new JobError("too_large", "large");
  expect(() => classifySharp(error)).toThrow(error);
});
