/** A film whose best rung is its own packets, from its upload to what players read, by a real agent. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { countFrames, makeClip } from "../../test/footage.ts";
import { type House, openHouse, until } from "../../test/house.ts";

const run = promisify(execFile);
const SECONDS = 22;
const WORDS = "1\n00:00:01,500 --> 00:00:03,000\nGuten Tag\n";
/** A keyframe each 2.5 s, so a segment is 5 s long; B-frames; within the ceiling of 720 lines. */
const ENCODED = [
  "-preset",
  "veryfast",
  "-b:v",
  "1500k",
  "-maxrate",
  "2000k",
  "-bufsize",
  "3000k",
  "-g",
  "75",
];
let house: House;
let path: string;

beforeAll(async () => {
  house = await openHouse();
  const clip = await makeClip(join(house.dataDir, "clip.mp4"), {
    ...{ seconds: SECONDS, size: "1280x720", output: [...ENCODED, "-keyint_min", "75"] },
  });
  const words = join(house.dataDir, "words.srt");
  await writeFile(words, WORDS);
  path = join(house.dataDir, "film.mp4");
  const both = ["-i", clip, "-i", words, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "mov_text"];
  await run("ffmpeg", ["-v", "error", ...both, "-metadata:s:s:0", "language=deu", path]);
});
afterAll(() => house.close());

/** Of all pictures as decoded: equal where not a bit was lost. */
async function picturesOf(address: string): Promise<string> {
  const { stdout } = await run("ffmpeg", ["-v", "error", "-i", address, "-map", "0:v:0", "-f", "md5", "-"]);
  return stdout;
}

test("its top rung has the pictures of the original bit by bit, and all rungs are cut at its keyframes", async () => {
  const { id, url } = await house.upload(path);
  await house.startAgent("copies");
  const record = await house.settled(id);
  expect(record.status).toBe("ready");
  const rungs = record.renditions.filter(({ kind }) => kind === "rung");
  expect(rungs.map(({ name, state }) => `${name} ${state}`).toSorted()).toEqual(["480 ready", "720 ready"]);
  const address = (name: string) => rungs.find((rung) => rung.name === name)?.url ?? "";
  for (const name of ["480", "720"]) {
    expect(await countFrames(address(name))).toBe(SECONDS * 30);
    const list = await (await fetch(address(name))).text();
    const durations = [...list.matchAll(/#EXTINF:([\d.]+)/g)].map(([, seconds]) => Number(seconds));
    expect(durations).toEqual([5, 5, 5, 5, 2]);
  }
  expect(await picturesOf(address("720"))).toBe(await picturesOf(path));
  expect(await countFrames(`${url}/video.mp4`)).toBe(SECONDS * 30);

  const answered = (step: string) =>
    until(step, async () => {
      const answer = await fetch(`${url}/${step}`);
      return answer.status === 503 ? null : answer;
    });
  const board = await answered("storyboard.vtt");
  expect(board.status).toBe(200);
  expect((await board.text()).match(/^storyboard-0\.jpg#/gm)?.length).toBe(6);
  expect((await answered("storyboard-0.jpg")).status).toBe(200);
  const master = await (await fetch(`${url}/hls/master.m3u8`)).text();
  const [, name = ""] = /TYPE=SUBTITLES.*LANGUAGE="deu".*URI="[^"]*\/(text-\d+)\//.exec(master) ?? [];
  const text = await (await answered(`${name}.vtt`)).text();
  expect(text).toMatch(/^WEBVTT[^]*00:00:01\.500 --> 00:00:03\.000\nGuten Tag/);
});
