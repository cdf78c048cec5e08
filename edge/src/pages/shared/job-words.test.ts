import { expect, test } from "vitest";
import { partOf } from "../../media/rectangles.ts";
import { partWords } from "./job-words.ts";

test("a part of a film is told by its lines or track, and by segments counted from one", () => {
  expect(partWords(partOf(["480", "720"], [1, 3]))).toBe("480p and 720p, segments 2–3");
  expect(partWords(partOf(["480"], [0, 1]))).toBe("480p, segment 1");
  expect(partWords(partOf(["audio-1"], [0, 4]))).toBe("track 2, segments 1–4");
  expect(partWords("wait.720.4-5")).toBe("720p, segment 5, awaited");
  expect(partWords("hedge.480_720.1-3")).toBe("480p and 720p, segments 2–3, once more");
});

test("the whole of a file needs no words, and what is named otherwise keeps its name", () => {
  expect(partWords("all")).toBe("");
  expect(partWords("embed")).toBe("small");
  expect(partWords("text-2")).toBe("text-2");
});
