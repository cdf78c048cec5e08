/** What a browser remembers of a file whose deletion is asked for, in real Chromium. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser } from "../../test/browser.ts";
import { DELETE_KEY, startTestEdge, storeBytes, type TestEdge } from "../delivery/testing/stored-files.ts";

const STORE = "capcloud.uploads";
let edge: TestEdge;
let browser: Browser;

beforeAll(async () => {
  [edge, browser] = await Promise.all([startTestEdge(), openBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await edge.stop();
});

test("the right key is kept until the file is gone, whatever other links were tried", async () => {
  const { id } = await storeBytes(edge, new Uint8Array(3), { name: "old.mp4" });
  const page = await (await browser.newContext()).newPage();
  await page.goto(edge.url);
  const kept = {
    id,
    name: "old.mp4",
    url: `${edge.url}/${id}`,
    type: "video/mp4",
    size: 3,
    deleteKey: DELETE_KEY,
  };
  await page.evaluate(([name, text]) => localStorage.setItem(name, text), [
    STORE,
    JSON.stringify([kept]),
  ] as const);
  const remembered = () => page.evaluate((name) => localStorage.getItem(name) ?? "", STORE);
  const askWith = async (key: string, title: RegExp) => {
    await page.goto(`${edge.url}/${id}/delete?key=${key}`);
    await page.getByRole("button", { name: "Delete for ever" }).click();
    await page.getByRole("heading", { name: title }).waitFor();
  };
  await askWith("not-the-key", /not yours/);
  expect(await remembered()).toContain(DELETE_KEY);
  await askWith(DELETE_KEY, /was deleted/);
  await expect.poll(remembered).not.toContain(id);
});
