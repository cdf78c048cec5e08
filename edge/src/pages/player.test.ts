import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { captionsIn, playbackOf, previewOf, spins, storedSource } from "../../client/testing/looks.ts";
import { comeBack, jumpTo, startMuted } from "../../client/testing/watching.ts";
import { openBrowser, watchPage } from "../../test/browser.ts";
import { makeClip } from "../../test/footage.ts";
import { addRung } from "../catalog/added-rungs.ts";
import { type FileRow, settleFile } from "../catalog/files.ts";
import { ulid } from "../catalog/ids.ts";
import {
  startTestEdge,
  storeBytes,
  storePlan,
  storeRendition,
  type TestEdge,
  wantRendition,
} from "../delivery/testing/stored-files.ts";
import type { Plan } from "../media/plan.ts";
import { type CutTrack, cutFilm, piecePath, RUNGS, SOUNDS, storeSegments } from "./testing/films.ts";

const VIDEO = "#player video";
const SECONDS = 20;
/** The player's own patience is counted in seconds, and the machine may be busy. */
const SOON = { timeout: 40_000 };
const ALL = [0, 1, 2, 3, 4];
const TEXT = "WEBVTT\n\n00:00:00.000 --> 00:00:20.000\nGuten Tag\n";

let edge: TestEdge;
let browser: Browser;
let folder: string;
let cuts: Record<string, CutTrack>;
let context: BrowserContext;
let page: Page;
/** Paths that the page has asked for, and the playbacks that it named. */
let asked: string[];
let sessions: Set<string>;

beforeAll(async () => {
  [edge, browser, folder] = await Promise.all([
    startTestEdge(),
    openBrowser(),
    mkdtemp(join(tmpdir(), "capcloud-player-")),
  ]);
  cuts = await cutFilm(folder, SECONDS);
});

afterAll(async () => {
  await browser.close();
  await edge.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await context?.close();
  context = await browser.newContext();
  page = await context.newPage();
  [asked, sessions] = [[], new Set()];
  page.on("request", (request) => {
    asked.push(new URL(request.url()).pathname);
    const session = request.headers()["x-playback-session-id"];
    if (session !== undefined) sessions.add(session);
  });
  // What does not come through is asked for: a coordinator that never heard of a seeded file sends no news.
  await page.route("**/events", (route) => route.fulfill({ status: 404 }));
});

/** A film whose original no browser plays; of its ladder only what a test stores is there. */
async function storeFilm(tracks = SOUNDS.slice(0, 1), rungs = RUNGS): Promise<{ film: FileRow; plan: Plan }> {
  const avi = { extension: "avi", type: "video/x-msvideo", status: "processing" as const };
  const film = await storeBytes(edge, new Uint8Array(500), avi);
  const plan = await storePlan(edge, film, { rungs, tracks });
  for (const { name } of rungs) await wantRendition(edge, film, "rung", "video/mp4", name);
  for (const { name } of tracks) await store(plan, name, ALL);
  return { film, plan };
}

async function store(plan: Plan, name: string, segments: number[]): Promise<void> {
  const track = cuts[name];
  if (!track) throw new Error(`There is no ${name}.`);
  await storeSegments(edge, plan, name, track, segments);
}

/** As the coordinator would, once all of it is committed. */
async function finishRung(film: FileRow, name: string): Promise<void> {
  await storeRendition(edge, film, "rung", new Uint8Array(1), "video/mp4", name);
}

const video = () => page.evaluate(playbackOf, VIDEO);
const seek = (to: number) => page.evaluate(jumpTo, [VIDEO, to] as const);

test("plays from the head alone, waits where nothing is, and takes the better rung once it is there", async () => {
  const { film, plan } = await storeFilm();
  await store(plan, "480", [0, 1]);
  await page.goto(`${edge.url}/${film.id}`);
  await expect.poll(async () => (await video()).readyState, SOON).toBeGreaterThanOrEqual(2);
  expect((await video()).height).toBe(90);
  await page.evaluate(startMuted, VIDEO);
  await seek(13);
  await expect.poll(() => page.evaluate(spins, "#player"), SOON).toBe(true);
  const better = piecePath(film, plan, "720");
  expect(asked.filter((path) => path.startsWith(better))).toEqual([]);

  await store(plan, "720", ALL);
  await finishRung(film, "720");
  await expect.poll(async () => (await video()).currentTime, SOON).toBeGreaterThan(13.2);
  expect(await video()).toMatchObject({ height: 180, paused: false });
  expect(await page.evaluate(spins, "#player")).toBe(false);
  expect(sessions.size).toBe(1);
  expect([...sessions][0]).toMatch(/^[\w-]{8,64}$/);
});

test("plays what it has while its host is away, and goes on in the same stream when it is back", async () => {
  const { film, plan } = await storeFilm();
  for (const { name } of RUNGS) {
    await store(plan, name, ALL);
    await finishRung(film, name);
  }
  await settleFile(edge.db, film.id, "ready", null);
  await page.goto(`${edge.url}/${film.id}`);
  await expect.poll(async () => (await video()).readyState, SOON).toBeGreaterThanOrEqual(2);
  await page.route("**/*.m4s", (route) => route.fulfill({ status: 404 }));
  const source = await page.evaluate(storedSource, VIDEO);
  await page.evaluate(startMuted, VIDEO);
  await expect.poll(() => page.locator("#stage-note").innerText(), SOON).toMatch(/Reconnect/);
  await page.unroute("**/*.m4s");
  await expect.poll(async () => (await video()).currentTime, SOON).toBeGreaterThan(11);
  expect(await page.evaluate(storedSource, VIDEO)).toBe(source);
  expect(await page.locator("#stage-note").isVisible()).toBe(false);
});

test("a film without a picture plays, also where nobody has looked into it yet", async () => {
  const path = join(folder, "heard.mp4");
  await makeClip(path, { seconds: SECONDS, size: "64x64", output: ["-map", "1:a"] });
  const film = await storeBytes(edge, await readFile(path), {
    ...{ extension: "mp4", type: "video/mp4", kind: "video", status: "processing" },
  });
  await page.goto(`${edge.url}/${film.id}`);
  await expect.poll(async () => (await video()).readyState, SOON).toBeGreaterThanOrEqual(2);
  await page.evaluate(startMuted, VIDEO);
  await expect.poll(async () => (await video()).currentTime, SOON).toBeGreaterThan(1);
});

test("several sounds are offered by their languages", async () => {
  const { film, plan } = await storeFilm(SOUNDS);
  await store(plan, "480", ALL);
  await page.goto(`${edge.url}/${film.id}`);
  await expect.poll(async () => (await video()).readyState, SOON).toBeGreaterThanOrEqual(2);
  const other = piecePath(film, plan, "audio-1");
  expect(asked.filter((path) => path.startsWith(other))).toEqual([]);
  await page.locator("media-settings-menu-button").click();
  await page.locator("#sounds-item").click();
  expect(await page.locator("#sounds media-chrome-menu-item").allInnerTexts()).toEqual(["German", "English"]);
  await page.locator("#sounds media-chrome-menu-item", { hasText: "English" }).click();
  await expect.poll(() => asked.some((path) => path.startsWith(other)), SOON).toBe(true);
});

test("a chosen sound is kept over a look at the original", async () => {
  const clip = await makeClip(join(folder, "both.mp4"), { seconds: SECONDS, size: "160x90" });
  const film = await storeBytes(edge, await readFile(clip));
  const plan = await storePlan(edge, film, { rungs: RUNGS, tracks: SOUNDS });
  for (const { name } of [...RUNGS, ...SOUNDS]) await store(plan, name, ALL);
  for (const { name } of RUNGS) await finishRung(film, name);
  await page.goto(`${edge.url}/${film.id}`);
  await expect.poll(async () => (await video()).readyState, SOON).toBeGreaterThanOrEqual(2);
  const choose = async (menu: string, entry: string) => {
    await page.locator("media-settings-menu-button").click();
    await page.locator(menu).click();
    await page.locator("media-chrome-menu-item:visible", { hasText: entry }).first().click();
    await page.locator(menu).waitFor({ state: "hidden" });
  };
  await choose("#sounds-item", "English");
  const other = piecePath(film, plan, "audio-1");
  await expect.poll(() => asked.some((path) => path.startsWith(other)), SOON).toBe(true);
  await choose("#quality-item", "Original");
  await expect.poll(() => page.evaluate(storedSource, VIDEO), SOON).toBe(`${edge.url}/${film.id}.mp4`);
  asked.length = 0;
  await choose("#quality-item", "720p");
  await expect.poll(() => asked.some((path) => path.startsWith(other)), SOON).toBe(true);
  expect(await page.locator("#sounds media-chrome-menu-item[aria-checked=true]").allTextContents()).toEqual([
    "English",
  ]);
});

test("a film that stands still says so too where the picture of a new place is still to be made", async () => {
  const { film, plan } = await storeFilm();
  await store(plan, "480", [0, 1]);
  await page.goto(`${edge.url}/${film.id}`);
  await expect.poll(async () => (await video()).readyState, SOON).toBeGreaterThanOrEqual(2);
  expect(await page.evaluate(spins, "#player")).toBe(false);
  await seek(13);
  await expect.poll(() => page.evaluate(spins, "#player"), SOON).toBe(true);
  await store(plan, "480", [2, 3, 4]);
  await expect.poll(() => page.evaluate(spins, "#player"), SOON).toBe(false);
  expect(await video()).toMatchObject({ paused: true, currentTime: 13 });
  expect((await video()).readyState).toBeGreaterThanOrEqual(2);
});

test("a rung that is added is taken by an open page that plays, in the same stream", async () => {
  const { film, plan } = await storeFilm(SOUNDS.slice(0, 1), RUNGS.slice(0, 1));
  await store(plan, "480", [0, 1]);
  await page.goto(`${edge.url}/${film.id}`);
  await expect.poll(async () => (await video()).readyState, SOON).toBeGreaterThanOrEqual(2);
  const source = await page.evaluate(storedSource, VIDEO);
  await page.evaluate(startMuted, VIDEO);
  const [, rung] = RUNGS;
  if (!rung) throw new Error("no rung");
  await addRung(edge.db, plan, {
    rung,
    type: "video/mp4",
    outboxId: ulid(Date.now()),
    most: 8,
    now: Date.now(),
  });
  await store(plan, "720", ALL);
  await finishRung(film, "720");
  await expect.poll(async () => (await video()).height, SOON).toBe(180);
  expect(await video()).toMatchObject({ paused: false });
  expect((await video()).currentTime).toBeGreaterThan(0);
  expect(await page.evaluate(storedSource, VIDEO)).toBe(source);
  expect(await page.locator("#quality media-chrome-menu-item").allTextContents()).toContain("720p");
});

test("a page that shows a settled film hears of a rung that was asked for when somebody comes back to it", async () => {
  const { film, plan } = await storeFilm(SOUNDS.slice(0, 1), RUNGS.slice(0, 1));
  await store(plan, "480", ALL);
  await finishRung(film, "480");
  await settleFile(edge.db, film.id, "ready", null);
  await page.goto(`${edge.url}/${film.id}`);
  await expect.poll(async () => (await video()).readyState, SOON).toBeGreaterThanOrEqual(2);
  const [, rung] = RUNGS;
  if (!rung) throw new Error("no rung");
  await addRung(edge.db, plan, {
    rung,
    type: "video/mp4",
    outboxId: ulid(Date.now()),
    most: 8,
    now: Date.now(),
  });
  await page.evaluate(comeBack);
  const entries = page.locator("#quality media-chrome-menu-item");
  await expect
    .poll(() => entries.allTextContents(), SOON)
    .toContainEqual(expect.stringMatching(/720p.*not ready/));
  await store(plan, "720", ALL);
  await finishRung(film, "720");
  await expect.poll(() => entries.allTextContents(), SOON).toContain("720p");
});

test("storyboard and captions come to an open page when they are made, whatever plays", async () => {
  const clip = await makeClip(join(folder, "clip.mp4"), { seconds: SECONDS, size: "160x90" });
  const film = await storeBytes(edge, await readFile(clip));
  await storePlan(edge, film, { rungs: RUNGS, texts: [{ name: "text-2", stream: 2, language: "ger" }] });
  await wantRendition(edge, film, "storyboard", "image/jpeg", "0");
  await wantRendition(edge, film, "subtitle", "text/vtt", "text-2");
  const watched = watchPage(page, edge.url);
  await page.goto(`${edge.url}/${film.id}`);
  await expect.poll(async () => (await video()).readyState, SOON).toBeGreaterThanOrEqual(2);
  const sheet = { width: 800, height: 90, channels: 3, background: "teal" } as const;
  const picture = await sharp({ create: sheet }).jpeg().toBuffer();
  await storeRendition(edge, film, "storyboard", picture, "image/jpeg", "0");
  await storeRendition(edge, film, "subtitle", Buffer.from(TEXT), "text/vtt", "text-2");

  await expect.poll(() => page.evaluate(captionsIn, VIDEO), SOON).toEqual([]);
  await expect.poll(() => page.locator("media-captions-button").isVisible(), SOON).toBe(true);
  await page.keyboard.press("m");
  await page.keyboard.press("k");
  await page.keyboard.press("c");
  await expect.poll(() => page.evaluate(captionsIn, VIDEO), SOON).toEqual(["Guten Tag"]);
  await page.locator("media-time-range").hover();
  await expect
    .poll(() => page.evaluate(previewOf, "#player"), SOON)
    .toContain(`/${film.id}/storyboard-0.jpg`);
  expect(watched).toEqual({ complaints: [], strangers: [] });
});

test("a sound gets its waveform as a slider, which keys move", async () => {
  const path = await makeClip(join(folder, "tone.mp3"), {
    seconds: 60,
    output: ["-vn", "-c:a", "libmp3lame"],
  });
  const mp3 = { extension: "mp3", type: "audio/mpeg", kind: "audio" as const, name: "tone.mp3" };
  const sound = await storeBytes(edge, await readFile(path), mp3);
  await wantRendition(edge, sound, "waveform", "application/json");
  await page.goto(`${edge.url}/${sound.id}`);
  expect(await page.locator("#wave").isVisible()).toBe(false);
  const peaks = { duration: 60, peaks: Array.from({ length: 800 }, (_, at) => at % 256) };
  await storeRendition(edge, sound, "waveform", Buffer.from(JSON.stringify(peaks)), "application/json");
  await page.locator("#wave").waitFor({ state: "visible" });
  expect(await page.locator("media-time-range").isVisible()).toBe(false);
  const slider = page.getByRole("slider", { name: "Place in the sound" });
  await slider.press("ArrowRight");
  await slider.press("ArrowRight");
  expect((await page.evaluate(playbackOf, "#player audio")).currentTime).toBeCloseTo(10, 0);
  expect(await slider.getAttribute("aria-valuetext")).toBe("0:10 of 1:00");
  await slider.press("End");
  await expect
    .poll(async () => (await page.evaluate(playbackOf, "#player audio")).currentTime, SOON)
    .toBeCloseTo(60, 0);
});
