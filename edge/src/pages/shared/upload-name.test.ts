import { expect, test } from "vitest";
import { pastedName, uploadStep } from "./upload-name.ts";

test.each([
  ["photo.jpg", "photo.jpg"],
  ["my holiday #1?.jpg", "my%20holiday%20%231%3F.jpg"],
  ["a/b\\c.txt", "a_b_c.txt"],
  ["..", "_.."],
  [".", "_."],
  ["", "_"],
  ["\ud800.png", "%EF%BF%BD.png"],
  ["x\u0000y", "x_y"],
])("%j goes to %j", (name, step) => {
  expect(uploadStep(name)).toBe(step);
  // Whatever it is called, it stays one step of the path.
  const { pathname } = new URL(`/api/upload/${uploadStep(name)}`, "https://files.example");
  expect(pathname.split("/")).toHaveLength(4);
});

test("pasted pictures are told apart by their time", () => {
  const now = new Date("2026-11-20T10:41:12Z");
  expect(pastedName("image.png", now)).toBe("Pasted 2026-11-20 10.41.12.png");
  expect(pastedName("diagram.png", now)).toBe("diagram.png");
});
