import fc from "fast-check";
import { expect, test } from "vitest";
import { openPieces, openSource, type Pull, type Source } from "./source.ts";

const chunks = fc.array(fc.uint8Array({ minLength: 0, maxLength: 40 }), { maxLength: 12 });
const size = fc.integer({ min: 1, max: 50 });

function pullOf(list: Uint8Array[]): Pull {
  const left = [...list];
  return () => Promise.resolve(left.shift() ?? null);
}

/** Copies each piece: a source may use its memory again. */
async function readAll(source: Source): Promise<number[][]> {
  const pieces = [[...source.head]];
  for (let piece = await source.rest(); piece !== null; piece = await source.rest()) pieces.push([...piece]);
  return pieces;
}

test("whatever the chunks, the bytes come out in order, after a head of the size asked for", async () => {
  await fc.assert(
    fc.asyncProperty(chunks, size, async (list, head) => {
      const all = list.flatMap((chunk) => [...chunk]);
      const source = await openSource(pullOf(list), head);
      expect([...source.head]).toEqual(all.slice(0, head));
      expect(source.whole).toBe(all.length < head);
      expect(source.touched()).toBe(false);
      expect((await readAll(source)).flat()).toEqual(all);
      expect(source.touched()).toBe(true);
    }),
  );
});

test("pieces are all of one size but the last: R2 refuses unequal parts", async () => {
  await fc.assert(
    fc.asyncProperty(chunks, size, async (list, length) => {
      const all = list.flatMap((chunk) => [...chunk]);
      const pieces = await readAll(await openPieces(pullOf(list), new Uint8Array(length)));
      expect(pieces.flat()).toEqual(all);
      for (const piece of pieces.slice(0, -1)) expect(piece).toHaveLength(length);
    }),
  );
});
