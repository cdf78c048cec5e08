import { rgbaToThumbHash } from "thumbhash";
import { expect, test } from "vitest";
import { filmPlaceholder, picturePlaceholder } from "./placeholder.ts";

const red = new Uint8Array(16 * 8 * 4).map((_, at) => (at % 4 === 0 || at % 4 === 3 ? 255 : 0));
const thumbhash = Buffer.from(rgbaToThumbHash(16, 8, red)).toString("base64");
const svgOf = (address: string) => Buffer.from(address.split(",")[1] ?? "", "base64").toString();

test("takes exactly the picture's room, and its colours once they are known", () => {
  const svg = svgOf(picturePlaceholder({ width: 300, height: 200, thumbhash }));
  expect(svg).toContain('width="300" height="200" viewBox="0 0 300 200"');
  expect(svg).toContain('<image href="data:image/png;base64,');
  expect(svgOf(picturePlaceholder({ width: 300, height: 200, thumbhash: null }))).not.toContain("<image");
});

test("a film is given the whole width, and 16:9 while its shape is unknown", () => {
  expect(svgOf(filmPlaceholder({ width: 640, height: 480, thumbhash: null }))).toContain(
    'viewBox="0 0 4096 3072"',
  );
  for (const unknown of [null, 0]) {
    expect(svgOf(filmPlaceholder({ width: unknown, height: 90, thumbhash: null }))).toContain(
      'viewBox="0 0 4096 2304"',
    );
  }
});

test.each(["", "!", "AAAA", '"/><script>', "A".repeat(400)])("%j is left out quietly", (hash) => {
  const svg = svgOf(picturePlaceholder({ width: 3, height: 2, thumbhash: hash }));
  expect(svg).not.toContain("<image");
  expect(svg).not.toContain("script");
});
