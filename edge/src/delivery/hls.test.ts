import { afterAll, beforeAll, expect, test } from "vitest";
import type { FileRow } from "../catalog/files.ts";
import { markRenditions, wantRenditions } from "../catalog/renditions.ts";
import type { Plan } from "../media/plan.ts";
import {
  startTestEdge,
  storeBytes,
  storePlan,
  storeRectangle,
  type TestEdge,
} from "./testing/stored-files.ts";

const BYTES = new Uint8Array(100);
let edge: TestEdge;
let film: FileRow;
let plan: Plan;
let lists: string;

beforeAll(async () => {
  edge = await startTestEdge();
  film = await storeBytes(edge, BYTES, { status: "processing" });
  plan = await storePlan(edge, film);
  lists = `/${film.id}/hls/${plan.id}`;
  await storeRectangle(edge, plan, "480", [0]);
  await storeRectangle(edge, plan, "480", [1, 2], { init: 12 });
  await storeRectangle(edge, plan, "audio-0", [0, 1, 2, 3, 4]);
});
afterAll(() => edge.stop());

const bytesOf = async (answer: Response) => [...new Uint8Array(await answer.arrayBuffer())];

test("the master and its lists lead to every promised segment by relative addresses", async () => {
  const master = await edge.get(`/${film.id}/hls/master.m3u8`);
  expect(master.status).toBe(200);
  expect(master.headers.get("content-type")).toBe("application/vnd.apple.mpegurl");
  expect(master.headers.get("cache-control")).toBe("no-cache");
  const text = await master.text();
  expect(text.match(/^[^#].*/gm)).toEqual(
    ["480", "720", "1080"].map((rung) => `${plan.id}/${rung}/index.m3u8`),
  );
  const list = await (await edge.get(`${lists}/480/index.m3u8`)).text();
  expect(list.match(/\d\.m4s|init-\d\.mp4/g)).toEqual([
    "init-0.mp4",
    "0.m4s",
    "init-1.mp4",
    "1.m4s",
    "2.m4s",
    "3.m4s",
    "4.m4s",
  ]);
  expect((await edge.get(`${lists}/audio-0/index.m3u8`)).status).toBe(200);
});

test("one rung can be asked for by itself", async () => {
  const text = await (await edge.get(`/${film.id}/hls/master.m3u8?rung=720`)).text();
  expect(text.match(/^[^#].*/gm)).toEqual([`${plan.id}/720/index.m3u8`]);
  expect(text).toContain("TYPE=AUDIO");
});

test("a playlist that has not changed is not sent again; a new commit changes it", async () => {
  const address = `${lists}/1080/index.m3u8`;
  const etag = (await edge.get(address)).headers.get("etag") ?? "";
  expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
  expect((await edge.get(address, { headers: { "If-None-Match": etag } })).status).toBe(304);
  await storeRectangle(edge, plan, "1080", [0]);
  await storeRectangle(edge, plan, "1080", [1], { init: 20 });
  expect((await edge.get(address, { headers: { "If-None-Match": etag } })).status).toBe(200);
});

test("inits and segments are the committed bytes, immutable, and a range of one is a 206", async () => {
  const segment = await edge.get(`${lists}/480/2.m4s`);
  expect(segment.status).toBe(200);
  expect(segment.headers.get("content-type")).toBe("video/mp4");
  expect(segment.headers.get("cache-control")).toBe("public, max-age=31536000, immutable, no-transform");
  expect(segment.headers.get("content-disposition")).toBeNull();
  expect(await bytesOf(segment)).toEqual(Array(100).fill(2));
  expect(await bytesOf(await edge.get(`${lists}/480/init-2.mp4`))).toEqual(Array(12).fill(255));
  expect(await bytesOf(await edge.get(`${lists}/480/init-0.mp4`))).toEqual(Array(10).fill(255));
  const part = await edge.get(`${lists}/480/2.m4s`, { headers: { Range: "bytes=90-" } });
  expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 90-99/100"]);
  const sound = await edge.get(`${lists}/audio-0/3.m4s`, { method: "HEAD" });
  expect([sound.headers.get("content-type"), sound.headers.get("content-length")]).toEqual([
    "audio/mp4",
    "100",
  ]);
});

test("a segment is kept by the cache", async () => {
  const address = `${lists}/audio-0/4.m4s`;
  expect((await edge.get(address)).status).toBe(200);
  const { objects } = await edge.bucket.list({ prefix: `r/${film.id}/` });
  const object = objects.find(({ key }) => key.includes("audio-0"));
  const bytes = await (await edge.bucket.get(object?.key ?? ""))?.arrayBuffer();
  await edge.bucket.delete(object?.key ?? "");
  expect(await bytesOf(await edge.get(address))).toEqual(Array(100).fill(4));
  const part = await edge.get(address, { headers: { Range: "bytes=0-9" } });
  expect([part.status, (await bytesOf(part)).length]).toEqual([206, 10]);
  await edge.bucket.put(object?.key ?? "", bytes ?? null);
});

test("a segment that is not made in time is a 503 with a time, never bytes of something else", async () => {
  for (const step of ["720/3.m4s", "720/init-3.mp4"]) {
    const answer = await edge.get(`${lists}/${step}`);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await answer.json()).toMatchObject({ error: { code: "unavailable", retryable: true } });
  }
});

test.each([
  "480/5.m4s",
  "240/0.m4s",
  "480/x.m4s",
  "480/0.mp4",
  "480/init-9.mp4",
  "144/index.m3u8",
  "480/-1.m4s",
])("%s is in no plan: 404", async (step) => {
  const answer = await edge.get(`${lists}/${step}`);
  expect(answer.status).toBe(404);
  expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'none'/);
});

test("another file's plan opens nothing under this one", async () => {
  const other = await storeBytes(edge, BYTES, { status: "processing" });
  expect((await edge.get(`/${other.id}/hls/${plan.id}/480/0.m4s`)).status).toBe(404);
  expect((await edge.get(`/${other.id}/hls/${plan.id}/480/index.m3u8`)).status).toBe(404);
});

test("a rung that could not be made says so instead of promising", async () => {
  const broken = await storeBytes(edge, BYTES, { status: "partial" });
  const its = await storePlan(edge, broken);
  const rung = { fileId: broken.id, kind: "rung" as const, name: "1080", version: its.id, type: "video/mp4" };
  await wantRenditions(edge.db, [{ ...rung, now: Date.now() }]);
  await markRenditions(edge.db, broken.id, "rung", ["1080"], "failed", "the source ends early", Date.now());
  const answer = await edge.get(`/${broken.id}/hls/${its.id}/1080/0.m4s`);
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain("the source ends early");
});

test("once nothing more will be made, only what was made is promised", async () => {
  const short = await storeBytes(edge, BYTES, { status: "partial" });
  const its = await storePlan(edge, short);
  await storeRectangle(edge, its, "480", [0, 1]);
  const text = await (await edge.get(`/${short.id}/hls/master.m3u8`)).text();
  expect(text.match(/^[^#].*/gm)).toEqual([`${its.id}/480/index.m3u8`]);
  expect(text).not.toContain("TYPE=AUDIO");
  const list = await (await edge.get(`/${short.id}/hls/${its.id}/480/index.m3u8`)).text();
  expect(list.match(/\d\.m4s/g)).toEqual(["0.m4s", "1.m4s"]);
  expect((await edge.get(`/${short.id}/hls/${its.id}/720/index.m3u8`)).status).toBe(404);
  expect((await edge.get(`/${short.id}/hls/${its.id}/480/2.m4s`)).status).toBe(404);
  const none = await storeBytes(edge, BYTES, { status: "failed" });
  await storePlan(edge, none);
  expect((await edge.get(`/${none.id}/hls/master.m3u8`)).status).toBe(404);
});

test("before there is a plan the master asks for patience; a picture never has one", async () => {
  const fresh = await storeBytes(edge, BYTES, { status: "processing" });
  const soon = await edge.get(`/${fresh.id}/hls/master.m3u8`);
  expect([soon.status, soon.headers.get("retry-after")]).toEqual([503, "2"]);
  const sound = await storeBytes(edge, BYTES, { status: "ready" });
  expect((await edge.get(`/${sound.id}/hls/master.m3u8`)).status).toBe(404);
  const picture = await storeBytes(edge, BYTES, { kind: "image", type: "image/png", extension: "png" });
  expect((await edge.get(`/${picture.id}/hls/master.m3u8`)).status).toBe(404);
});

test("what is there is read without end; places that nobody has made are asked for only so often", async () => {
  const narrow = await startTestEdge({ READ_LIMIT: "20" });
  try {
    const file = await storeBytes(narrow, BYTES, { status: "processing" });
    const made = await storePlan(narrow, file);
    await storeRectangle(narrow, made, "480", [0]);
    const statuses = async (piece: string) => {
      const path = `/${file.id}/hls/${made.id}/480/${piece}`;
      // A new minute may begin in between: of sixty in a row some are one minute's twenty-first.
      const answers = Array.from({ length: 60 }, async () => (await narrow.get(path)).status);
      return new Set(await Promise.all(answers));
    };
    expect([...(await statuses("0.m4s"))]).toEqual([200]);
    expect(await statuses("3.m4s")).toContain(429);
  } finally {
    await narrow.stop();
  }
});
