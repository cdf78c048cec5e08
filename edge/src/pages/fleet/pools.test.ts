/** The operator chooses an agent's pool on the page, in real Chromium. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { openBrowser, watchPage } from "../../../test/browser.ts";
import { openHouse, type House } from "../../../test/house.ts";

let house: House;
let browser: Browser;

beforeAll(async () => {
  [house, browser] = await Promise.all([openHouse({ POOLS: "main, gpu" }), openBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await house.close();
});

const Listed = z.object({ agents: z.array(z.object({ label: z.string(), home: z.string() })) });

test("where there are several pools a machine's home is chosen beside its name, and kept where only that changes", async () => {
  await house.edge.agentKey("attic");
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${house.url}/agents`);
  await page.fill("#token", house.edge.operatorToken);
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  const watched = watchPage(page, house.url);
  const edit = async (act: () => Promise<unknown>) => {
    const card = page.locator(".agent");
    await card.locator(".menu > summary").click();
    await card.getByRole("button", { name: "Name and tier" }).click();
    await act();
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("dialog[open]").waitFor({ state: "detached" });
  };
  const homes = async () => {
    const headers = { authorization: `Bearer ${house.edge.operatorToken}` };
    const answer = await fetch(`${house.url}/api/agents`, { headers });
    return Listed.parse(await answer.json()).agents.map(({ label, home }) => [label, home]);
  };
  await edit(() => page.locator("dialog[open]").getByLabel("Pool").selectOption("gpu"));
  await page.locator(".agent", { hasText: "pool gpu" }).waitFor();
  await edit(() => page.locator("dialog[open]").getByLabel("Name").fill("cellar"));
  await page.locator(".agent", { hasText: "cellar" }).waitFor();
  expect(await homes()).toEqual([["cellar", "gpu"]]);
  expect(watched).toEqual({ complaints: [], strangers: [] });
});
