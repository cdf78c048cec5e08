/** What is made beside the film: storyboard, subtitles, waveform, the small mp4. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FileRow } from "../catalog/files.ts";
import { settleFile } from "../catalog/files.ts";
import { markRenditions } from "../catalog/renditions.ts";
import { COPYABLE_PLAN } from "../media/testing/plans.ts";
import {
  startTestEdge,
  storeBytes,
  storePlan,
  storeRectangle,
  storeRendition,
  type TestEdge,
  wantRendition,
} from "./testing/stored-files.ts";

const BYTES = new Uint8Array(100).fill(7);
const TEXT = new TextEncoder().encode("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nGrüße\n");
const VTT = "text/vtt; charset=utf-8";
const TEXTS = [
  { name: "text-2", stream: 2, language: "deu" },
  { name: "text-3", stream: 3, language: null },
];
let edge: TestEdge;

beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge.stop());

async function storeFilm(status: FileRow["status"]): Promise<FileRow> {
  const film = await storeBytes(edge, BYTES, { status });
  await storePlan(edge, film, { ...COPYABLE_PLAN, texts: TEXTS });
  return film;
}

async function answersOf(file: FileRow, ...steps: string[]) {
  const answers = await Promise.all(steps.map((step) => edge.get(`/${file.id}/${step}`)));
  return answers.map(({ status, headers }) => [status, headers.get("retry-after") !== null]);
}

const ALL = ["storyboard.vtt", "storyboard-0.jpg", "text-2.vtt", "embed.mp4"];

test("while the film is being made all of it is still coming, for a sound the waveform; pictures have none", async () => {
  const film = await storeFilm("processing");
  expect(await answersOf(film, ...ALL)).toEqual(ALL.map(() => [503, true]));
  expect(await answersOf(film, "waveform.json")).toEqual([[404, false]]);
  const sound = await storeBytes(edge, BYTES, { status: "processing", kind: "audio", type: "audio/flac" });
  expect(await answersOf(sound, "waveform.json", ...ALL)).toEqual([
    [503, true],
    ...ALL.map(() => [404, false]),
  ]);
});

test("what holds no file back may come after it is ready, and will not come where it failed or was not wanted", async () => {
  const film = await storeFilm("ready");
  expect(await answersOf(film, ...ALL)).toEqual(ALL.map(() => [404, false]));
  await wantRendition(edge, film, "storyboard", "image/jpeg", "0");
  await wantRendition(edge, film, "subtitle", VTT, "text-2");
  await wantRendition(edge, film, "subtitle", VTT, "text-3");
  await markRenditions(edge.db, film.id, "subtitle", ["text-3"], "failed", "It is damaged.", Date.now());
  expect(await answersOf(film, "storyboard.vtt", "storyboard-0.jpg", "text-2.vtt", "text-3.vtt")).toEqual([
    [503, true],
    [503, true],
    [503, true],
    [404, false],
  ]);
});

test("the storyboard's text leads to its sheet, by an address relative to its own", async () => {
  const film = await storeFilm("ready");
  await storeRendition(edge, film, "storyboard", BYTES, "image/jpeg", "0");
  const answer = await edge.get(`/${film.id}/storyboard.vtt`);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, VTT]);
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  const cues = (await answer.text()).match(/^storyboard.*$/gm) ?? [];
  expect(cues.length).toBe(5);
  const sheet = await fetch(new URL(cues[4]?.replace(/#.*/, "") ?? "", answer.url));
  expect([sheet.status, sheet.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
  const etag = answer.headers.get("etag") ?? "";
  const again = await edge.get(`/${film.id}/storyboard.vtt`, { headers: { "If-None-Match": etag } });
  expect(again.status).toBe(304);
});

test("subtitles are offered by the master while they may come, and lead to the same text as the page's", async () => {
  const film = await storeFilm("processing");
  await storeRendition(edge, film, "subtitle", TEXT, VTT, "text-2");
  const address = `${edge.url}/${film.id}/hls/master.m3u8`;
  const offered = async () =>
    [...(await (await fetch(address)).text()).matchAll(/TYPE=SUBTITLES.*URI="([^"]*)"/g)].map(
      ([, uri]) => uri,
    );
  const [first = "", second = ""] = await offered();
  expect([first, second].map((uri) => uri.split("/")[1])).toEqual(["text-2", "text-3"]);
  const list = await fetch(new URL(first, address));
  expect(list.headers.get("content-type")).toBe("application/vnd.apple.mpegurl");
  const [, piece = ""] = /^([^#\n]+)$/m.exec(await list.text()) ?? [];
  const text = await fetch(new URL(piece, list.url));
  expect(text.url).toBe(`${edge.url}/${film.id}/text-2.vtt`);
  expect([text.status, text.headers.get("content-type")]).toEqual([200, VTT]);
  expect(text.headers.get("x-content-type-options")).toBe("nosniff");
  expect(await text.text()).toContain("Grüße");
  await wantRendition(edge, film, "subtitle", VTT, "text-3");
  await markRenditions(edge.db, film.id, "subtitle", ["text-3"], "failed", "It is damaged.", Date.now());
  expect((await offered()).length).toBe(1);
});

test("the small mp4 and the waveform are bytes as others, with ranges and a name to save them by", async () => {
  const film = await storeFilm("ready");
  await storeRendition(edge, film, "mp4", BYTES, "video/mp4");
  await storeRendition(edge, film, "mp4", BYTES.subarray(0, 40), "video/mp4", "embed");
  const part = await edge.get(`/${film.id}/embed.mp4`, { headers: { Range: "bytes=30-" } });
  expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 30-39/40"]);
  const saved = await edge.get(`/${film.id}/embed.mp4?download`);
  expect(saved.headers.get("content-disposition")).toContain('attachment; filename="clip.mp4"');
  const sound = await storeBytes(edge, BYTES, { kind: "audio", type: "audio/flac", extension: "flac" });
  const peaks = new TextEncoder().encode('{"duration":2,"peaks":[0,255]}');
  await storeRendition(edge, sound, "waveform", peaks, "application/json");
  const answer = await edge.get(`/${sound.id}/waveform.json`);
  expect(await answer.json()).toEqual({ duration: 2, peaks: [0, 255] });
});

test("record and video-sources name all of it, the large mp4 stays the fast one, and a copied rung is a rung", async () => {
  const film = await storeBytes(edge, BYTES, { status: "processing" });
  const plan = await storePlan(edge, film, COPYABLE_PLAN);
  await storeRendition(edge, film, "mp4", BYTES.subarray(0, 40), "video/mp4", "embed");
  await storeRendition(edge, film, "mp4", BYTES, "video/mp4");
  await storeRendition(edge, film, "storyboard", BYTES, "image/jpeg", "0");
  await storeRendition(edge, film, "subtitle", TEXT, VTT, "text-2");
  await storeRectangle(edge, plan, "1080", [0]);
  const url = `${edge.url}/${film.id}`;
  const sources = await (await edge.get(`/api/files/${film.id}/video-sources`)).json();
  expect(sources).toMatchObject({
    fast: { url: `${url}/video.mp4`, ready: true, size: 100 },
    embed: { url: `${url}/embed.mp4`, ready: true, size: 40 },
    hls: { ready: true },
    storyboard: `${url}/storyboard.vtt`,
    subtitles: [{ name: "text-2", url: `${url}/text-2.vtt`, ready: true }],
  });
  const record = await (await edge.get(`/api/files/${film.id}`)).json<{ renditions: { url: string }[] }>();
  const urls = record.renditions.map((rendition) => rendition.url.slice(url.length + 1)).toSorted();
  expect(urls).toEqual(["embed.mp4", "storyboard-0.jpg", "text-2.vtt", "video.mp4"]);
  for (const step of urls)
    expect([step, (await edge.get(`/${film.id}/${step}`)).status]).toEqual([step, 200]);
  await settleFile(edge.db, film.id, "ready", null);
  const master = await (await edge.get(`/${film.id}/hls/master.m3u8`)).text();
  expect(master.match(/^[^#].*/gm)?.map((line) => line.split("/")[1])).toEqual(["1080"]);
});
