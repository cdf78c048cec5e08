import fc from "fast-check";
import { expect, test } from "vitest";
import { cleanName, contentDisposition } from "./names.ts";

test.each([
  ["photo.jpg", "photo.jpg"],
  ["C:\\fakepath\\photo.jpg", "photo.jpg"],
  ["../../etc/passwd", "passwd"],
  ["a\r\nSet-Cookie: x.png", "aSet-Cookie: x.png"],
  ['say "hi".txt', "say hi.txt"],
  ["exe\u202Egpj.exe", "exegpj.exe"],
  ["  spaced   out .txt. ", "spaced out .txt"],
  ["Ünïcödé 漢字 🎉.png", "Ünïcödé 漢字 🎉.png"],
  ["e\u0301.txt", "\u00e9.txt"],
  ["", "file"],
  ["/", "file"],
  ["...", "file"],
  [".bashrc", ".bashrc"],
  ["\ud800.txt", "\ufffd.txt"],
])("%j becomes %j", (raw, clean) => {
  expect(cleanName(raw)).toBe(clean);
});

test("a long name keeps its extension and stays within 255 bytes", () => {
  const clean = cleanName(`${"漢".repeat(300)}.jpeg`);
  expect(clean.endsWith(".jpeg")).toBe(true);
  expect(new TextEncoder().encode(clean).length).toBeLessThanOrEqual(255);
});

test("any name gives one header line that reads back as the same name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (raw) => {
      const name = cleanName(raw);
      const header = contentDisposition("attachment", name);
      expect(header).toMatch(
        /^attachment; filename="[ !#-[\]-~]*"; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]*$/,
      );
      const encoded = /filename\*=UTF-8''(.*)$/.exec(header)?.[1] ?? "";
      expect(decodeURIComponent(encoded)).toBe(name);
      expect(cleanName(name)).toBe(name);
    }),
    { numRuns: 2_000 },
  );
});
