/** Another quality, asked for on the film's own page: a real browser, a real edge, a real agent. */
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { playbackOf, storedSource } from "../../client/testing/looks.ts";
import { comeBack } from "../../client/testing/watching.ts";
import { openBrowser, watchPage } from "../../test/browser.ts";
import { makeClip } from "../../test/footage.ts";
import { type House, openHouse } from "../../test/house.ts";

const VIDEO = "#player video";
/** An encoder is at work, and the machine may be busy. */
const SOON = { timeout: 100_000 };
const QUALITIES = "#quality media-chrome-menu-item";

let house: House;
let browser: Browser;
let film: { id: string; url: string; delete_url: string };

beforeAll(async () => {
  [house, browser] = await Promise.all([
    openHouse({ LADDER: '[{"name":"480","ceiling":1200000}]' }),
    openBrowser(),
  ]);
  await house.startAgent("attic");
  const path = await makeClip(join(house.dataDir, "film.mp4"), { seconds: 12, size: "1280x720" });
  film = await house.upload(path);
  expect((await house.settled(film.id)).status).toBe("ready");
});
afterAll(async () => {
  await browser.close();
  await house.close();
});

/** The film's page, of somebody whose browser remembers this key. */
async function owner(deleteKey = new URL(film.delete_url).searchParams.get("key")): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  const { id, url } = film;
  const kept = { id, name: "film.mp4", url, type: "video/mp4", size: 1, deleteKey };
  await page.addInitScript(
    (entry) => localStorage.setItem("capcloud.uploads", entry),
    JSON.stringify([kept]),
  );
  await page.goto(url);
  return page;
}

const list = (page: Page) => page.locator("#rungs-list > div").allInnerTexts();
const offers = (page: Page) => page.locator("#rungs").getByRole("button").allInnerTexts();

test("strangers see nothing of it, and a wrong key is refused in place", async () => {
  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(film.url);
  await expect
    .poll(async () => (await stranger.evaluate(playbackOf, VIDEO)).readyState, SOON)
    .toBeGreaterThan(0);
  expect(await stranger.locator("#rungs").isVisible()).toBe(false);

  const page = await owner("not-the-key");
  await page.getByText("Qualities", { exact: true }).click();
  await page.getByRole("button", { name: "Add 240p" }).click();
  await page.locator("#rungs-said.problem", { hasText: "key" }).waitFor();
  expect(await offers(page)).toEqual(["Add 144p", "Add 240p", "Add 360p", "Add 720p"]);
});

test("by keys alone the owner asks for one, and it joins list, status and player of the open page", async () => {
  const late = await owner();
  const page = await owner();
  const watched = watchPage(page, house.url);
  await page.goto(film.url);
  await expect.poll(async () => (await page.evaluate(playbackOf, VIDEO)).readyState, SOON).toBeGreaterThan(0);
  const source = await page.evaluate(storedSource, VIDEO);
  await page.locator("#rungs > summary").focus();
  await page.keyboard.press("Enter");
  expect(await list(page)).toEqual([expect.stringMatching(/^480p\s+854 × 480/)]);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  expect(await page.locator(":focus").innerText()).toBe("Add 240p");
  const follows = page.waitForRequest(/\/events$/);
  await page.keyboard.press("Enter");
  await follows;
  await page.getByText("240p will be made. It joins the player when it is ready.").waitFor();
  expect(await page.locator(":focus").innerText()).toBe("Add 360p");
  expect(await offers(page)).toEqual(["Add 144p", "Add 360p", "Add 720p"]);
  expect(await page.locator("p#status").isVisible()).toBe(true);

  await page.getByText("240p is ready.").waitFor(SOON);
  expect(await list(page)).toEqual([
    expect.stringMatching(/^240p\s+426 × 240/),
    expect.stringMatching(/^480p\s+854 × 480/),
  ]);
  await expect.poll(() => page.locator(QUALITIES).allTextContents(), SOON).toContain("240p");
  expect(await page.evaluate(storedSource, VIDEO)).toBe(source);

  // Another page of the owner's that has not heard of it yet.
  await late.getByText("Qualities", { exact: true }).click();
  await late.getByRole("button", { name: "Add 240p" }).click();
  await late.getByText("The video has 240p already.").waitFor();
  await expect.poll(() => offers(late)).toEqual(["Add 144p", "Add 360p", "Add 720p"]);
  expect(watched).toEqual({ complaints: [], strangers: [] });
});

test("an answer from before the wish does not take it back from the page", async () => {
  const page = await owner();
  await page.route("**/events", (route) => route.fulfill({ status: 404 }));
  await page.getByText("Qualities", { exact: true }).click();
  let release = () => {};
  const released = new Promise<void>((go) => {
    release = go;
  });
  const held = page.waitForRequest(new RegExp(`/api/files/${film.id}$`));
  await page.route(
    `**/api/files/${film.id}`,
    async (route) => {
      const old = await route.fetch();
      await released;
      await route.fulfill({ response: old });
    },
    { times: 1 },
  );
  await page.evaluate(comeBack);
  const stale = await held;
  await page.waitForTimeout(300);
  await page.getByRole("button", { name: "Add 360p" }).click();
  await page.getByText("360p will be made.").waitFor();
  const arrived = stale.response();
  release();
  await arrived;
  await page.waitForTimeout(300);
  expect(await offers(page)).toEqual(["Add 144p", "Add 720p"]);
  await page.getByText("360p is ready.").waitFor(SOON);
});

test("the operator may as well, from any browser, and a double click asks for one", async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${house.url}/agents`);
  await page.fill("#token", house.edge.operatorToken);
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await page.goto(film.url);
  await page.getByText("Qualities", { exact: true }).click();
  await page.getByRole("button", { name: "Add 144p" }).click();
  await page.getByText("144p will be made.").waitFor();
  // The second half, on what may have moved there.
  await page.getByRole("button", { name: "Add 720p" }).hover();
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
  await page.getByText("144p is ready.").waitFor(SOON);
  expect(await offers(page)).toEqual(["Add 720p"]);
});
