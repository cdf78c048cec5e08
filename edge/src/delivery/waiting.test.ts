import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeClip } from "../../test/footage.ts";
import { type House, openHouse } from "../../test/house.ts";

/** Real waits need a real agent: what is asked for below does not exist yet when it is asked for. */
const SECONDS = 12;
let house: House;

beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

/** Asks until the answer is no longer "not yet"; a player does the same. */
async function patiently(address: string): Promise<Response> {
  for (let asked = 1; asked <= 20; asked++) {
    const answer = await fetch(address);
    if (answer.status !== 503) return answer;
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    await answer.arrayBuffer();
  }
  throw new Error(`Still not there: ${address}`);
}

test("plan, init and segments that nobody has made yet are answered the moment they are, with a segment's true bytes", async () => {
  const path = await makeClip(join(house.dataDir, "waited.mp4"), { seconds: SECONDS, size: "1280x720" });
  const { id, url } = await house.upload(path);
  const record = await house.record(id);
  expect(record.renditions.filter(({ kind }) => kind === "rung")).toEqual([]);

  const events = fetch(`${house.url}/api/files/${id}/events`).then((answer) => answer.text());
  // Where the test fails before it is awaited, the house closes under it.
  events.catch(() => {});
  const master = patiently(`${url}/hls/master.m3u8`);
  await house.startAgent("waited");
  const answer = await master;
  expect(answer.status).toBe(200);
  const lists = (await answer.text()).match(/^[^#\n].*index\.m3u8$/gm) ?? [];
  expect(lists.length).toBe(2);

  // The end of the best rung, which the plan makes last.
  const track = `${url}/hls/${lists.at(-1)?.replace("/index.m3u8", "")}`;
  const [init, last] = await Promise.all([patiently(`${track}/init-2.mp4`), patiently(`${track}/2.m4s`)]);
  expect([init.status, last.status]).toEqual([200, 200]);
  expect(last.headers.get("cache-control")).toContain("immutable");
  const piece = Buffer.concat([Buffer.from(await init.arrayBuffer()), Buffer.from(await last.arrayBuffer())]);
  expect(framesOf(piece)).toBe(4 * 30);

  expect((await house.settled(id)).status).toBe("ready");
  const told = (await events).split("\n\n").filter((event) => event.includes("event: "));
  expect(told.at(-1)).toContain("event: end");
  expect(told.at(-2)).toContain('"status":"ready"');
  const ids = told.map((event) => Number(/^id: (\d+)/m.exec(event)?.[1]));
  expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));

  const sources = await (await fetch(`${house.url}/api/files/${id}/video-sources`)).json();
  expect(sources).toMatchObject({
    fast: { ready: true, size: expect.any(Number) },
    hd: { ready: true, size: expect.any(Number) },
    hls: { ready: true, size: expect.any(Number) },
    prepare: { started: false },
  });
});

test("who begins in the middle waits for the parameters and for the segment, and neither wait ends the other", async () => {
  const path = await makeClip(join(house.dataDir, "middle.mp4"), { seconds: SECONDS, size: "1280x720" });
  const { url } = await house.upload(path);
  const master = await (await patiently(`${url}/hls/master.m3u8`)).text();
  const list = master.match(/^[^#\n].*720\/index\.m3u8$/m)?.[0].replace("/index.m3u8", "");
  const headers = { "x-playback-session-id": "somebody-in-the-middle" };
  const asked = Date.now();
  const answers = await Promise.all(
    ["init-0.mp4", "2.m4s"].map(async (piece) => {
      const { status } = await fetch(`${url}/hls/${list}/${piece}`, { headers });
      return { piece, status, waited: Date.now() - asked };
    }),
  );
  // On a busy machine it may not be there in time, but nobody is sent away before that.
  for (const { piece, status, waited } of answers) {
    if (status !== 200)
      expect({ piece, status, early: waited < 4_000 }).toEqual({ piece, status: 503, early: false });
  }
});

function framesOf(bytes: Buffer): number {
  const probe = ["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"];
  const { stdout, stderr } = spawnSync("ffprobe", [...probe, "-i", "pipe:0"], { input: bytes });
  expect(stderr.toString()).toBe("");
  return Number(stdout.toString());
}
