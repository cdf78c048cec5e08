/**
 * Files that name other files and addresses, in every disguise we know of: a canary file, and listeners on the
 * loopback and on the machine's other address, see nobody. Once with the arguments alone to hold them off, and the
 * loopback's canary in reach of the tools; once in the sandbox, where there is one.
 */
import { mkdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { admitToTools, confineAtMost } from "../ffmpeg/confinement.ts";
import type { Recipe } from "../protocol.ts";
import { openBench, type Bench } from "../testing/bench.ts";
import { ffmpeg, makeFilm } from "../testing/footage.ts";
import { aviWithPlaylist, withReference } from "../testing/disguises.ts";

let bench: Bench;
let secret: string;
let canary: Server;
let knocks: string[] = [];
let traps: string[] = [];

beforeAll(async () => {
  bench = await openBench();
  await mkdir(`${bench.folder}/secret`);
  secret = await makeFilm(`${bench.folder}/secret`, "canary.ts", { seconds: 1 });
  canary = createServer((request, response) => {
    knocks.push(request.url ?? "");
    response.end("canary");
  });
  await new Promise<void>((resolve) => canary.listen(0, "0.0.0.0", resolve));
  const { port } = canary.address() as AddressInfo;
  const others = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const other = others.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  traps = ["127.0.0.1", ...(other === undefined ? [] : [other])].map((host) => `http://${host}:${port}`);
});
afterEach(() => {
  knocks = [];
});
afterAll(async () => {
  confineAtMost("namespaces");
  canary.close();
  await bench.close();
});

const playlist = (...names: string[]) =>
  `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${names.map((name) => `#EXTINF:1,\n${name}\n`).join("")}#EXT-X-ENDLIST\n`;
const dash = (name: string) =>
  `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>${name}</BaseURL></Representation></AdaptationSet></Period></MPD>`;
const svg = (name: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64"><image xlink:href="${name}" width="64" height="64"/></svg>`;

/** By name; each is told whom to call: addresses and the canary file. */
const DISGUISES: [name: string, make: (targets: string[]) => Promise<Buffer> | Buffer | string][] = [
  ["a playlist as .mp4", (targets) => playlist(...targets)],
  ["a playlist behind a byte order mark", (targets) => `\uFEFF${playlist(...targets)}`],
  [
    "a playlist of subfiles",
    (targets) => playlist(...targets.map((name) => `subfile,,start,0,end,64,,:${name}`)),
  ],
  [
    "a playlist of crypto and concat",
    (targets) => playlist(...targets.map((name) => `crypto:${name}`), `concat:${targets.join("|")}`),
  ],
  ["a playlist in an AVI's subtitles", (targets) => aviWithPlaylist(playlist(...targets))],
  ["DASH as .mp4", ([first = ""]) => dash(first)],
  ["ffconcat", (targets) => `ffconcat version 1.0\n${targets.map((name) => `file '${name}'\n`).join("")}`],
  [
    "smooth streaming",
    ([first = ""]) =>
      `<?xml version="1.0"?><SmoothStreamingMedia MajorVersion="2"><StreamIndex Type="video" Url="${first}"/></SmoothStreamingMedia>`,
  ],
  ["SDP", () => "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"],
  ["ASX", ([first = ""]) => `<asx version="3.0"><entry><ref href="${first}"/></entry></asx>`],
  ["a film whose frames lie in another file", (targets) => filmElsewhere(targets)],
  [
    "XBIN",
    () =>
      Buffer.concat([Buffer.from("XBIN\x1A"), Buffer.from([80, 0, 25, 0, 16, 0]), Buffer.alloc(4_000, 65)]),
  ],
  ["a terminal's recording", () => `\x1b[2J\x1b[1;31m${"canary ".repeat(500)}`],
  ["SVG", ([first = ""]) => svg(first)],
  ["a filter graph", ([, , file = ""]) => `movie=${file}`],
];

async function filmElsewhere(targets: string[]): Promise<Buffer> {
  const whole = await readFile(await makeFilm(bench.folder, "self-contained.mov", { seconds: 1 }));
  return withReference(whole, targets.at(-1) ?? "");
}

/** In each way in which a job opens a file of somebody's. */
const JOBS: Recipe[] = [
  { kind: "inspect", media: "video" },
  { kind: "inspect", media: "audio" },
  { kind: "image", animated: false },
];

/** Reading shows in the time of access: file systems keep at least that of the first after a change. */
async function wasRead(): Promise<boolean> {
  const { atimeMs } = await stat(secret);
  return atimeMs > LONG_AGO.getTime();
}
const LONG_AGO = new Date("2001-01-01");

describe.each(["limits", "namespaces"] as const)("%s", (most) => {
  beforeAll(async () => {
    confineAtMost(most);
    // In reach, so that it is the arguments that keep them away.
    await admitToTools(canary);
  });

  test.each(DISGUISES)("%s opens nothing", async (name, make) => {
    const file = `${bench.folder}/${name.replaceAll(/\W/g, "-")}.mp4`;
    await writeFile(
      file,
      await make([...traps.map((trap) => `${trap}/${encodeURIComponent(name)}`), secret]),
    );
    await utimes(secret, LONG_AGO, new Date());
    for (const recipe of JOBS) await bench.run(recipe, file).catch(() => {});
    expect(knocks).toEqual([]);
    expect(await wasRead()).toBe(false);
  });
});

test("the traps work: ffmpeg left to itself falls into them", async () => {
  const file = `${bench.folder}/bait.mp4`;
  const open = [
    "-protocol_whitelist",
    "file,http,tcp",
    "-allowed_extensions",
    "ALL",
    "-i",
    file,
    "-f",
    "null",
    "-",
  ];
  for (const trap of traps) {
    await writeFile(file, playlist(`${trap}/open.ts`));
    await ffmpeg(...open).catch(() => "");
  }
  expect(knocks.filter((path) => path === "/open.ts").length).toBeGreaterThanOrEqual(traps.length);
  await utimes(secret, LONG_AGO, new Date());
  await writeFile(file, playlist(secret));
  await ffmpeg(...open).catch(() => "");
  expect(await wasRead()).toBe(true);
  // The reference of the QuickTime film is a real one.
  await utimes(secret, LONG_AGO, new Date());
  await writeFile(file, await filmElsewhere([secret]));
  await ffmpeg("-enable_drefs", "1", "-use_absolute_path", "1", "-i", file, "-f", "null", "-").catch(
    () => "",
  );
  expect(await wasRead()).toBe(true);
});
