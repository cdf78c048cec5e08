import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { countFrames, durationOf, makeClip } from "./footage.ts";
import { type House, openHouse } from "./house.ts";

const SECONDS = 12;
const FRAMES = SECONDS * 30;

let house: House;

beforeAll(async () => {
  house = await openHouse({ LADDER: '[{"name":"480","ceiling":1200000}]' });
  await house.startAgent("rungs");
});
afterAll(() => house.close());

test("a film gets a lower and a higher rung when its owner asks, frame for frame, and loses all with its deletion", async () => {
  const path = await makeClip(join(house.dataDir, "film.mp4"), { seconds: SECONDS, size: "1280x720" });
  const film = await house.upload(path);
  expect((await house.settled(film.id)).status).toBe("ready");
  const mp4 = await bytesOf(`${film.url}/video.mp4`);

  const key = new URL(film.delete_url).searchParams.get("key") ?? "";
  for (const name of ["240", "720"]) {
    const answer = await fetch(`${house.url}/api/files/${film.id}/rungs`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-delete-key": key },
      body: JSON.stringify({ name }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([202, { id: film.id, status: "processing" }]);
  }
  const record = await house.settled(film.id);
  expect(record.status).toBe("ready");
  const rungs = record.renditions.filter(({ kind }) => kind === "rung");
  expect(rungs.map(({ name, state }) => `${name} ${state}`).toSorted()).toEqual([
    ...["240 ready", "480 ready", "720 ready"],
  ]);
  for (const rung of rungs) {
    expect(await countFrames(rung.url ?? ""), rung.name).toBe(FRAMES);
    expect(await durationOf(rung.url ?? ""), rung.name).toBeCloseTo(SECONDS, 1);
  }
  const master = await (await fetch(`${film.url}/hls/master.m3u8`)).text();
  expect(master.match(/RESOLUTION=\d+x\d+/g)?.toSorted()).toEqual([
    ...["RESOLUTION=1280x720", "RESOLUTION=426x240", "RESOLUTION=854x480"],
  ]);
  expect((await bytesOf(`${film.url}/video.mp4`)).equals(mp4)).toBe(true);

  expect((await fetch(film.delete_url, { method: "DELETE" })).status).toBe(204);
  for (const { url } of rungs) expect((await fetch(url ?? "")).status).toBe(410);
});

async function bytesOf(address: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(address)).arrayBuffer());
}
