import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBench, type Bench } from "../testing/bench.ts";
import { makeFilm } from "../testing/footage.ts";
import { serveFile } from "../testing/loopback.ts";
import { probeSource } from "./probed.ts";
import { openReadable } from "./readable.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

test("what is told of a source is asked once, of its remux apart from it", async () => {
  const file = await makeFilm(bench.folder, "asked.ts", { seconds: 2 });
  const source = await serveFile(file);
  try {
    const [one, other] = await Promise.all([probeSource(source), probeSource(source)]);
    expect(one).toEqual(other);
    const remuxed = await openReadable(source, "mp4");
    await writeFile(file, "nobody could read this");
    expect(await probeSource(source)).toEqual(one);
    expect(one.format.format_name).toBe("mpegts");
    expect((await remuxed.probe()).format.format_name).toContain("mp4");
  } finally {
    await source.close();
  }
});
