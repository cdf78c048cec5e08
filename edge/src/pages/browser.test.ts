import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  countOf,
  dropText,
  firstPaint,
  lookOver,
  noteShifts,
  playbackOf,
  selectedText,
  textLengthOf,
  widthOf,
} from "../../client/testing/looks.ts";
import { openBrowser, watchPage } from "../../test/browser.ts";
import { makeClip } from "../../test/footage.ts";
import { deleteFile, describeFile } from "../catalog/files.ts";
import { startTestEdge, storeBytes, type TestEdge } from "../delivery/testing/stored-files.ts";

const KIB = 1_024;
/** pages.md: script on pages without a player. */
const SCRIPT_BUDGET = 40 * KIB;
const STYLE_BUDGET = 20 * KIB;

let edge: TestEdge;
let browser: Browser;
let folder: string;
let picture: Buffer;
/** Address of one file of each kind and state. */
const places: Record<string, string> = {};

beforeAll(async () => {
  [edge, browser, folder] = await Promise.all([
    startTestEdge(),
    openBrowser(),
    mkdtemp(join(tmpdir(), "capcloud-pages-")),
  ]);
  const size = { width: 1_200, height: 800 };
  picture = await sharp({ create: { ...size, channels: 3, background: "teal" } })
    .png()
    .toBuffer();
  const image = { extension: "png", type: "image/png", kind: "image" as const };
  const keep = async (name: string, bytes: Uint8Array, given: Parameters<typeof storeBytes>[2]) => {
    const file = await storeBytes(edge, bytes, given);
    places[name] = `/${file.id}`;
    return file;
  };
  const known = await keep("image", picture, { ...image, name: "teal.png" });
  await describeFile(edge.db, known.id, { ...size, thumbhash: "5IgFFYI2FSBHZUN5p4aZlwd1DVen" });
  await keep("new image", picture, { ...image, status: "processing" });
  const text = { extension: "txt", type: "text/plain", kind: "text" as const, name: "a.txt" };
  await keep("text", Buffer.from("line\n".repeat(20_000)), text);
  await keep("other", Buffer.from("x"), {
    extension: "bin",
    type: "application/octet-stream",
    kind: "other",
  });
  await keep("broken video", new Uint8Array(2_000), { status: "failed" });
  await keep("waiting video", new Uint8Array(2_000), { status: "processing" });
  await keep("audio", new Uint8Array(2_000), { extension: "mp3", type: "audio/mpeg", kind: "audio" });
  const gone = await keep("deleted", new Uint8Array(1), {});
  await deleteFile(edge.db, gone, Date.now());
  Object.assign(places, { front: "/", missing: "/0000000000", delete: `/${known.id}/delete?key=k` });
});

afterAll(async () => {
  await browser.close();
  await edge.stop();
  await rm(folder, { recursive: true, force: true });
});

async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  await context.addInitScript(noteShifts);
  const page = await context.newPage();
  await page.goto(edge.url + path, { waitUntil: "load" });
  return page;
}

const WIDTHS = [360, 768, 1_440];
const STATES = [
  "front",
  "image",
  "new image",
  "text",
  "other",
  "broken video",
  "waiting video",
  "audio",
  "deleted",
  "missing",
  "delete",
];

describe.each(WIDTHS)("at %d px", (width) => {
  let page: Page;
  beforeAll(async () => {
    page = await open("/", { viewport: { width, height: 800 } });
    // Scripts that come late, as over a real network: what they move has been seen standing elsewhere.
    await page.route("**/assets/js/**", async (route) => {
      await page.evaluate(firstPaint);
      await route.continue();
    });
  });
  afterAll(() => page.context().close());

  test.each(STATES)("the page of state %s stands still and asks nobody else", async (state) => {
    const watched = watchPage(page, edge.url);
    const answer = await page.goto(edge.url + places[state], { waitUntil: "load" });
    expect(await page.evaluate(lookOver)).toEqual([]);
    // Chromium itself reports a page that answers 404 or 410.
    const ours = watched.complaints.filter(
      (words) => !words.startsWith("Failed to load resource") || answer?.ok(),
    );
    expect({ ...watched, complaints: ours }).toEqual({ complaints: [], strangers: [] });
  });
});

test("style and scripts stay within their budgets, and hls.js stays away until a film needs it", async () => {
  const context = await browser.newContext();
  for (const state of ["front", "text", "image", "waiting video"]) {
    const page = await context.newPage();
    const sizes = { script: 0, stylesheet: 0 };
    const reads: Promise<void>[] = [];
    page.on("response", (answer) => {
      const type = answer.request().resourceType();
      if (type === "script" || type === "stylesheet") {
        reads.push(answer.body().then((body) => void (sizes[type] += body.length)));
      }
      expect(answer.url()).not.toContain("/hls-");
    });
    await page.goto(edge.url + places[state], { waitUntil: "networkidle" });
    await Promise.all(reads);
    expect(sizes.stylesheet, state).toBeLessThanOrEqual(STYLE_BUDGET);
    if (!state.includes("video")) expect(sizes.script, state).toBeLessThanOrEqual(SCRIPT_BUDGET);
    expect(sizes.script, state).toBeGreaterThan(0);
  }
  await context.close();
});

test("choosing a file ends in its link, selected, and the file is among one's own, to be deleted", async () => {
  const page = await open("/");
  await page.setInputFiles("#picker", { name: "mine #1.png", mimeType: "image/png", buffer: picture });
  await page.waitForSelector(".row[data-state=done]");
  const link = await page.inputValue(".row-link input");
  expect(link).toMatch(new RegExp(`^${edge.url}/[0-9A-Za-z]{10}$`));
  expect(await page.evaluate(selectedText)).toBe(link);

  await page.reload();
  await page.locator(".cell a", { hasText: "mine #1.png" }).click();
  await page.waitForURL(link);
  await page.click("#delete");
  await page.click("#delete-confirm");
  await page.waitForSelector("h1:has-text('This file was deleted')");
  expect((await edge.get(new URL(link).pathname)).status).toBe(410);
  await page.goto(edge.url);
  expect(await page.locator(".cell").count()).toBe(0);
  await page.context().close();
});

test("several files are sent, a dropped one too, and a refused one says why and can be tried again", async () => {
  const page = await open("/");
  const file = (name: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from(name) });
  await page.route("**/api/upload/bad.txt", (route) =>
    route.fulfill({
      status: 507,
      contentType: "application/json",
      body: JSON.stringify({
        success: false,
        error: { message: "This host is full.", hint: "Ask its owner." },
      }),
    }),
  );
  await page.setInputFiles("#picker", [file("one.txt"), file("bad.txt"), file("two.txt")]);
  await page.evaluate(dropText, "dropped.txt");
  await expect.poll(() => page.evaluate(countOf, ".row[data-state=done]")).toBe(3);
  const failed = page.locator(".row[data-state=failed]");
  expect(await failed.locator(".row-facts").innerText()).toBe("This host is full. Ask its owner.");
  await page.unroute("**/api/upload/bad.txt");
  await failed.locator(".row-retry").click();
  await expect.poll(() => page.evaluate(countOf, ".row[data-state=done]")).toBe(4);
  expect(await page.locator("#copy-all").isVisible()).toBe(true);
  await page.context().close();
});

test("a picture goes to full size where it is clicked, and back", async () => {
  const page = await open(places["image"] ?? "", { viewport: { width: 800, height: 600 } });
  await page.waitForSelector("#viewer.drawn");
  const width = () => page.evaluate(widthOf, "#picture");
  const fitted = await width();
  expect(fitted).toBeLessThan(800);
  await page.mouse.click(300, 200);
  await expect.poll(width).toBe(1_200);
  expect(await page.locator("#zoom").textContent()).toBe("100 %");
  await page.keyboard.press("Escape");
  await expect.poll(width).toBe(fitted);
  await page.context().close();
});

test("a video of which nothing could be made blames no browser, and its original can be had", async () => {
  const page = await open(places["broken video"] ?? "");
  await page.getByText("This video cannot be played. Its original can be downloaded.").waitFor();
  expect(await page.getByRole("link", { name: "Download" }).isVisible()).toBe(true);
  await page.context().close();
});

test("the whole text is fetched when asked for, up to the limit, and stays text", async () => {
  const page = await open(places["text"] ?? "");
  const length = () => page.evaluate(textLengthOf, "#text");
  expect(await length()).toBe(64 * KIB);
  await page.click("#text-all");
  await expect.poll(length).toBe(100_000);
  expect(await page.locator("#text-more").isVisible()).toBe(false);
  await page.context().close();
});

test("the player obeys its keys, and remembers volume and place", async () => {
  const path = await makeClip(join(folder, "long.mp4"), { seconds: 70, size: "160x90" });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(edge.url);
  await page.setInputFiles("#picker", path);
  await page.waitForSelector(".row[data-state=done]");
  const link = await page.inputValue(".row-link input");
  await page.goto(link);
  const video = () => page.evaluate(playbackOf, "#player video");
  await expect.poll(async () => (await video()).readyState).toBeGreaterThanOrEqual(2);
  await page.keyboard.press("5");
  await expect.poll(async () => (await video()).currentTime).toBeCloseTo(35, 0);
  await page.keyboard.press("l");
  await page.keyboard.press("ArrowLeft");
  await expect.poll(async () => (await video()).currentTime).toBeCloseTo(40, 0);
  await page.keyboard.press("m");
  await page.keyboard.press(">");
  expect(await video()).toMatchObject({ muted: true, playbackRate: 1.25 });
  await page.keyboard.press("k");
  await expect.poll(async () => (await video()).paused).toBe(false);
  await page.keyboard.press(" ");
  await expect.poll(async () => (await video()).paused).toBe(true);
  await page.keyboard.press("?");
  expect(await page.locator("#keys").isVisible()).toBe(true);
  await page.keyboard.press("Escape");
  await page.goto(edge.url);
  await page.goto(link);
  await expect.poll(async () => (await video()).currentTime).toBeGreaterThan(35);
  expect((await video()).muted).toBe(true);
  await context.close();
});
