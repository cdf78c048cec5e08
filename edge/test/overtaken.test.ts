import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { playToTheEnd } from "../client/testing/watching.ts";
import { openBrowser, watchPage } from "./browser.ts";
import { countFrames, makeClip } from "./footage.ts";
import { type House, openHouse, until } from "./house.ts";

const SECONDS = 30;

let house: House;
let browser: Browser;

beforeAll(async () => {
  house = await openHouse({ LEASE_SECONDS: "9" });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await house.close();
});

test("one of two agents is killed while somebody watches, and the film plays on to its end without a gap", async () => {
  const path = await makeClip(join(house.dataDir, "film.avi"), {
    seconds: SECONDS,
    size: "854x480",
    output: ["-c:v", "mpeg4", "-q:v", "4"],
  });
  const doomed = await house.startAgent("doomed");
  const other = await house.startAgent("other");
  const film = await house.upload(path);
  const page = await browser.newPage();
  const watched = watchPage(page, house.url);
  await page.goto(film.url);
  const playing = page.evaluate(playToTheEnd, "#player video");
  await until("a first rung to begin", async () => {
    const { renditions } = await house.record(film.id);
    return renditions.some((one) => one.kind === "rung" && one.state !== "waiting");
  });
  doomed.process.kill("SIGKILL");

  const { ranges, error } = await playing;
  expect(error).toBeNull();
  expect(ranges).toHaveLength(1);
  expect(ranges[0]?.[1]).toBeGreaterThan(SECONDS - 0.2);
  expect(watched.strangers).toEqual([]);
  const record = await house.settled(film.id);
  expect(record.status).toBe("ready");
  for (const rung of record.renditions.filter((one) => one.kind === "rung")) {
    expect(await countFrames(rung.url ?? ""), rung.name).toBe(SECONDS * 30);
  }
  await other.stop();
});
