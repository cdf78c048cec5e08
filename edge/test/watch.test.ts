import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pictureOf, playToTheEnd, seekTo } from "../client/testing/watching.ts";
import { openBrowser, watchPage } from "./browser.ts";
import { countFrames, damage, durationOf, makeClip } from "./footage.ts";
import { type House, openHouse } from "./house.ts";

const SECONDS = 20;
const FRAMES = SECONDS * 30;

let house: House;
let browser: Browser;

beforeAll(async () => {
  house = await openHouse();
  await house.startAgent("watch");
  browser = await openBrowser();
});

afterAll(async () => {
  await browser.close();
  await house.close();
});

/** The player's video element, once the page's script has it. */
const VIDEO = "#player video";

test("a film no browser plays is watched to its end while it is still being encoded, sought in, and deleted", async () => {
  // MPEG-4 part 2 in AVI: only the ladder can be played.
  const path = await makeClip(join(house.dataDir, "film.avi"), {
    seconds: SECONDS,
    size: "854x480",
    output: ["-c:v", "mpeg4", "-q:v", "4"],
  });
  const film = await house.upload(path);
  const page = await browser.newPage();
  const watched = watchPage(page, house.url);
  await page.goto(film.url);

  const { ranges, error } = await page.evaluate(playToTheEnd, VIDEO);
  expect(error).toBeNull();
  expect(ranges).toHaveLength(1);
  expect(ranges[0]?.[0]).toBeLessThan(0.1);
  expect(ranges[0]?.[1]).toBeGreaterThan(SECONDS - 0.2);
  expect(ranges[0]?.[1]).toBeLessThan(SECONDS + 0.2);

  const sought = await page.evaluate(seekTo, [VIDEO, SECONDS * 0.4] as const);
  expect(sought).toBeCloseTo(SECONDS * 0.4, 1);

  const record = await house.settled(film.id);
  expect(record.status).toBe("ready");
  for (const rung of record.renditions.filter((one) => one.kind === "rung")) {
    expect(await countFrames(rung.url ?? "")).toBe(FRAMES);
  }
  expect(await durationOf(`${film.url}/hls/master.m3u8`)).toBeCloseTo(SECONDS, 1);
  expect(await countFrames(`${film.url}/video.mp4`)).toBe(FRAMES);
  expect(watched).toEqual({ complaints: [], strangers: [] });

  await page.goto(film.delete_url);
  await page.locator("form button[type=submit], form button:not([type])").first().click();
  await page.waitForLoadState();
  for (const address of [film.url, film.raw_url, `${film.url}/hls/master.m3u8`, `${film.url}/video.mp4`]) {
    expect((await fetch(address)).status, address).toBe(410);
  }
});

test("an mp4 plays from its page at once, before any agent has made anything", async () => {
  const still = await openHouse();
  try {
    const path = await makeClip(join(still.dataDir, "now.mp4"), {
      seconds: 6,
      output: ["-movflags", "+faststart"],
    });
    const clip = await still.upload(path);
    const page = await browser.newPage();
    const watched = watchPage(page, still.url);
    await page.goto(clip.url);
    const { error } = await page.evaluate(playToTheEnd, VIDEO);
    expect(error).toBeNull();
    await expect.poll(() => page.locator("body").innerText()).toMatch(/waiting for/i);
    expect(watched).toEqual({ complaints: [], strangers: [] });
  } finally {
    await still.close();
  }
});

test("a film of which the browser plays the sound alone is shown as soon as a picture of it is made", async () => {
  // Chromium takes the MP4, knows its sound and not its picture, and reports no error.
  const path = await makeClip(join(house.dataDir, "heard.mp4"), {
    seconds: 6,
    size: "640x360",
    output: ["-c:v", "mpeg4", "-q:v", "4", "-c:a", "aac"],
  });
  const film = await house.upload(path);
  const page = await browser.newPage();
  const watched = watchPage(page, house.url);
  await page.goto(film.url);
  await page.keyboard.press("k");
  const seen = async () => {
    const { width, at } = await page.evaluate(pictureOf, VIDEO);
    return width > 0 && at > 1;
  };
  await expect.poll(seen, { timeout: 60_000 }).toBe(true);
  expect(watched).toEqual({ complaints: [], strangers: [] });
});

test("a film whose bytes are damaged in the middle is played past the damage to its end", async () => {
  const path = await makeClip(join(house.dataDir, "damaged.mp4"), {
    seconds: SECONDS,
    output: ["-g", "60", "-movflags", "+faststart"],
  });
  // Both picture and sound: a single packet of sound that cannot be decoded ends Chromium's whole pipeline.
  await damage(path, { from: 0.5, bytes: 48 * 1024 });
  const film = await house.upload(path);
  expect((await house.settled(film.id)).status).toBe("partial");
  const page = await browser.newPage();
  await page.goto(film.url);
  const { error, ranges } = await page.evaluate(playToTheEnd, VIDEO);
  expect(error).toBeNull();
  expect(ranges.at(-1)?.[1]).toBeGreaterThan(SECONDS - 0.2);
});
