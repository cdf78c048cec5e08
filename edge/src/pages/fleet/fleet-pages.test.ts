/** The operator's pages in a real browser, on a real edge with a real agent. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { lookOver, noteShifts } from "../../../client/testing/looks.ts";
import { openBrowser, watchPage } from "../../../test/browser.ts";
import { openHouse, until, type House } from "../../../test/house.ts";

let house: House;
let browser: Browser;
let folder: string;

beforeAll(async () => {
  [house, browser, folder] = await Promise.all([
    openHouse(),
    openBrowser(),
    mkdtemp(join(tmpdir(), "fleet-pages-")),
  ]);
});
afterAll(async () => {
  await browser.close();
  await house.close();
  await rm(folder, { recursive: true, force: true });
});

const api = (path: string, method: string, body: unknown, token = house.edge.operatorToken) =>
  fetch(house.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** A page of somebody who has signed in. */
async function operator(path: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${house.url}${path}`);
  await page.fill("#token", house.edge.operatorToken);
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  return page;
}

test("strangers see a door, and nothing of the fleet behind it", async () => {
  await api("/api/agents", "POST", { label: "a secret machine" });
  for (const path of ["/agents", "/agents/jobs", "/agents/jobs/main.1", "/agents/enroll?code=CDFG-HJKM"]) {
    const answer = await fetch(house.url + path, { headers: { accept: "text/html" } });
    const text = await answer.text();
    expect(answer.status, path).toBe(401);
    expect(answer.headers.get("cache-control"), path).toBe("no-store");
    expect(text).toContain('id="token"');
    expect(text).not.toContain("a secret machine");
  }
});

test("a wrong token is told, the right one opens, and signing out closes again", async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${house.url}/agents`);
  await page.fill("#token", "x".repeat(32));
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByText("This is not the operator's token.").waitFor();
  await page.fill("#token", house.edge.operatorToken);
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("heading", { name: "Agents" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.locator("#token").waitFor();
});

test("a key is made, told once, and its agent renamed, paused, let go on and revoked by clicks", async () => {
  const page = await operator("/agents");
  const watched = watchPage(page, house.url);
  await page.getByRole("button", { name: "Add a machine" }).click();
  await page.getByLabel("Name of the machine").fill("attic");
  await page.getByRole("button", { name: "Make a key" }).click();
  const key = page.getByLabel("Key", { exact: true });
  await key.waitFor();
  expect(await key.inputValue()).toMatch(/^cca_/);
  await page.getByRole("button", { name: "Close" }).click();
  // A dialog says that it was closed a moment after it is.
  await expect.poll(() => page.locator("#new-key input").inputValue()).toBe("");

  const card = page.locator(".agent", { hasText: "attic" });
  await card.locator(".menu > summary").click();
  await card.getByRole("button", { name: "Pause" }).click();
  await card.getByText("paused").waitFor();
  await card.locator(".menu > summary").click();
  await card.getByRole("button", { name: "Let it work" }).click();
  await card.getByText("offline").waitFor();

  await card.locator(".menu > summary").click();
  await card.getByRole("button", { name: "Name and tier" }).click();
  await page.locator("dialog[open]").getByLabel("Name").fill("cellar");
  await page.locator("dialog[open]").getByLabel("Tier").selectOption("8");
  await page.getByRole("button", { name: "Save" }).click();
  const renamed = page.locator(".agent", { hasText: "cellar" });
  await renamed.getByText("tier 8").waitFor();

  await renamed.locator(".menu > summary").click();
  await renamed.getByRole("button", { name: "Revoke" }).click();
  await page.locator("dialog[open]").getByRole("button", { name: "Revoke" }).click();
  await renamed.waitFor({ state: "detached" });
  await page.getByText("1 revoked").waitFor();
  expect(watched).toEqual({ complaints: [], strangers: [] });
});

test("a machine that asks is let in by its code, and gets its key", async () => {
  const asked = await api("/api/enrolments", "POST", { label: "workshop", platform: "linux-x64" }, "none");
  const Asked = z.object({ code: z.string(), poll_token: z.string() });
  const { code, poll_token: token } = Asked.parse(await asked.json());
  const page = await operator("/agents/enroll");
  await page.getByLabel("Code").fill("no such code");
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("No machine asks with the code").waitFor();
  await page.getByLabel("Code").fill(code.toLowerCase());
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText(code).waitFor();
  await page.getByRole("button", { name: "Let it in" }).click();
  await page.getByRole("heading", { name: "workshop is in" }).waitFor();
  const headers = { authorization: `Bearer ${token}` };
  const polled = await fetch(`${house.url}/api/enrolments/${code}`, { headers });
  expect(await polled.json()).toMatchObject({ state: "confirmed", key: expect.stringMatching(/^cca_/) });
});

test("a failed file tells its owner what was tried, the operator more, and both may try again", async () => {
  await house.startAgent("tower");
  const path = join(folder, "broken.png");
  await writeFile(
    path,
    Buffer.concat([Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), Buffer.alloc(200)]),
  );
  const { id, delete_url } = await house.upload(path);
  await until("the failure", async () => (await house.record(id)).status === "failed");

  const owner = await (await browser.newContext()).newPage();
  await owner.goto(`${house.url}/${id}`);
  expect(await owner.locator("#work").isHidden()).toBe(true);
  const deleteKey = new URL(delete_url).searchParams.get("key");
  const kept = { id, name: "broken.png", url: `${house.url}/${id}`, type: "image/png", size: 216, deleteKey };
  await owner.evaluate((entry) => localStorage.setItem("capcloud.uploads", entry), JSON.stringify([kept]));
  await owner.reload();
  await owner.getByText("How it was made").click();
  await owner
    .locator("#work-list")
    .getByText(/failed in .* by tower/)
    .waitFor();
  await owner.getByRole("button", { name: "Try again" }).click();
  await owner.waitForEvent("load");

  const page = await operator("/agents/jobs");
  const row = page.locator(".job", { hasText: id });
  await row.getByText("failed").waitFor();
  await row.getByRole("link", { name: "picture" }).click();
  await expect.poll(() => page.locator(".attempt").count(), { timeout: 20_000 }).toBe(2);
  await page.goto(`${house.url}/agents`);
  await page.locator(".agent", { hasText: "tower" }).getByText("ready").waitFor();
});

test.each([
  [360, "light"],
  [360, "dark"],
  [1_440, "light"],
] as const)("at %i px, %s, nothing runs over and everything has a name", async (width, colorScheme) => {
  const page = await operator("/agents");
  await page.setViewportSize({ width, height: 800 });
  await page.emulateMedia({ colorScheme });
  await page.addInitScript(noteShifts);
  for (const path of ["/agents", "/agents/jobs", "/agents/enroll"]) {
    await page.goto(house.url + path);
    expect(await page.evaluate(lookOver), path).toEqual([]);
  }
});
