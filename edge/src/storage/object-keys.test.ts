import { expect, test } from "vitest";
import { attemptPrefix, filePrefixes, originalKey } from "./object-keys.ts";

const attempt = {
  fileId: "Ab3dE9fGh1",
  kind: "video",
  version: "p1",
  part: "7-9.480",
  epoch: 3,
  nonce: "n0",
};

test("keys lie below the prefixes of their file, each attempt by itself", () => {
  expect(originalKey("Ab3dE9fGh1", "n0")).toBe("o/Ab3dE9fGh1/n0");
  expect(attemptPrefix(attempt)).toBe("r/Ab3dE9fGh1/video-p1/7-9.480/3-n0/");
  expect(attemptPrefix({ ...attempt, epoch: 4 })).not.toBe(attemptPrefix(attempt));
  const [originals, renditions] = filePrefixes("Ab3dE9fGh1");
  expect(originalKey("Ab3dE9fGh1", "n0").startsWith(originals ?? "?")).toBe(true);
  expect(attemptPrefix(attempt).startsWith(renditions ?? "?")).toBe(true);
});

test.each(["", "..", ".", "a/b", "a b", "ä", "a%2f"])("%j is no step of a key", (step) => {
  expect(() => originalKey("Ab3dE9fGh1", step)).toThrow();
  expect(() => attemptPrefix({ ...attempt, part: step })).toThrow();
});
