/** Files that want the agent to open other things: refused for good, and nothing else is ever opened. */
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openBench, type Bench } from "../testing/bench.ts";
import { inspectFilm, rung, videoRecipe } from "../testing/cut.ts";
import { ffmpeg, makeFilm, packetTimes } from "../testing/footage.ts";

let bench: Bench;
let canary: Server;
let knocks: string[] = [];
let trap = "";

beforeAll(async () => {
  bench = await openBench();
  canary = createServer((request, response) => {
    knocks.push(request.url ?? "");
    response.end("secret");
  });
  await new Promise<void>((resolve) => canary.listen(0, "127.0.0.1", resolve));
  trap = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;
});
afterEach(() => {
  knocks = [];
});
afterAll(async () => {
  canary.close();
  await bench.close();
});

const VIDEO = { kind: "inspect", media: "video" } as const;
const AUDIO = { kind: "inspect", media: "audio" } as const;
const STILLS = { kind: "stills" } as const;

const BAIT: [name: string, text: (secret: string) => string][] = [
  [
    "playlist.mp4",
    (secret) =>
      `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${trap}/hls.ts\n#EXTINF:1,\n${secret}\n#EXT-X-ENDLIST\n`,
  ],
  ["concat.mp4", (secret) => `ffconcat version 1.0\nfile '${secret}'\nfile '${trap}/concat.mp4'\n`],
  [
    "dash.mp4",
    () =>
      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>${trap}/dash.mp4</BaseURL><SegmentList><SegmentURL media="x"/></SegmentList></Representation></AdaptationSet></Period></MPD>`,
  ],
  [
    "sdp.mp4",
    () =>
      "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
  ],
  ["metadata.mp4", () => ";FFMETADATA1\ntitle=x\n"],
];

test.each(BAIT)("%s is unsupported, and what it names stays unread", async (name, text) => {
  const secret = await makeFilm(bench.folder, "secret.ts", { seconds: 1 });
  const file = `${bench.folder}/${name}`;
  await writeFile(file, text(secret));
  for (const recipe of [VIDEO, AUDIO, STILLS]) {
    await expect(bench.run(recipe, file)).rejects.toMatchObject({
      failureClass: "permanent",
      code: expect.stringMatching(/^(unsupported|corrupt)$/),
    });
  }
  expect(knocks).toEqual([]);
});

test("a playlist is unsupported, not corrupt", async () => {
  const file = `${bench.folder}/list.mp4`;
  await writeFile(file, `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${trap}/a.ts\n#EXT-X-ENDLIST\n`);
  await expect(bench.run({ kind: "inspect", media: "video" }, file)).rejects.toMatchObject({
    code: "unsupported",
  });
  expect(knocks).toEqual([]);
});

test("the trap works: ffmpeg left to itself falls into it", async () => {
  const file = `${bench.folder}/bait.mp4`;
  await writeFile(file, `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${trap}/open.ts\n#EXT-X-ENDLIST\n`);
  const open = ["-protocol_whitelist", "file,http,tcp", "-allowed_extensions", "ALL", "-i", file];
  await ffmpeg(...open, "-f", "null", "-").catch(() => "");
  expect(knocks).toContain("/open.ts");
});

test("without its index a film is corrupt, for good", async () => {
  const whole = await makeFilm(bench.folder, "whole.mp4", { seconds: 3 });
  const bytes = await readFile(whole);
  const file = `${bench.folder}/headless.mp4`;
  await writeFile(file, bytes.subarray(0, bytes.indexOf("moov") - 4));
  await expect(bench.run({ kind: "inspect", media: "video" }, file)).rejects.toMatchObject({
    code: "corrupt",
    failureClass: "permanent",
  });
});

test("a film beyond our limits is too large", async () => {
  const file = `${bench.folder}/wide.mkv`;
  await ffmpeg("-f", "lavfi", "-i", "color=black:s=9000x16:d=0.2", "-c:v", "ffv1", file);
  for (const recipe of [VIDEO, STILLS])
    await expect(bench.run(recipe, file)).rejects.toMatchObject({ code: "too_large" });
  const crowd = `${bench.folder}/crowd.mkv`;
  const maps = Array.from({ length: 70 }, () => ["-map", "0"]).flat();
  await ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", ...maps, "-c:a", "pcm_s16le", crowd);
  await expect(bench.run({ kind: "inspect", media: "audio" }, crowd)).rejects.toMatchObject({
    code: "too_large",
  });
});

test("nothing that was written about a film travels with it", async () => {
  const file = await makeFilm(bench.folder, "named.mp4", {
    seconds: 2,
    more: [
      "-metadata",
      "title=secret",
      "-metadata",
      "location=+52.5+13.4/",
      "-metadata:s:v",
      "handler_name=secret",
    ],
  });
  const film = await inspectFilm(bench, file);
  const done = await bench.run(videoRecipe(film, [0, 1], [rung(320, 180)]), file);
  const bytes = await readFile(done.path("180.mp4"));
  expect(bytes.includes("secret")).toBe(false);
  expect(bytes.includes("52.5")).toBe(false);
  expect(await packetTimes(done.path("180.mp4"))).toHaveLength(60);
});
