/** The operator chooses an agent's pool on the page, in real Chromium. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { openBrowser, watchPage } from "../../../test/browser.ts";
import { openHouse, type House } from "../../../test/house.ts";
import { agentOf, NOON, queueOf } from "../testing/fleets.ts";
import { agentsPage } from "./agents-page.tsx";

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

test("where there are several pools a machine's home is chosen beside its name, and kept where only that changes; a name is stored as it was typed", async () => {
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
    await card.getByRole("button", { name: "Name, tier and pool" }).click();
    await act();
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("dialog[open]").waitFor({ state: "detached" });
  };
  const homes = async () => {
    const headers = { authorization: `Bearer ${house.edge.operatorToken}` };
    const answer = await fetch(`${house.url}/api/agents`, { headers });
    return Listed.parse(await answer.json()).agents.map(({ label, home }) => [label, home]);
  };
  await page.locator(".agent", { hasText: "pool main" }).waitFor();
  await edit(() => page.locator("dialog[open]").getByLabel("Pool").selectOption("gpu"));
  await page.locator(".agent", { hasText: "pool gpu" }).waitFor();
  // A home that takes agents no more would be refused, and the new name with it.
  const sent = page.waitForRequest((request) => request.method() === "PATCH");
  await edit(() => page.locator("dialog[open]").getByLabel("Name").fill("cellar"));
  expect((await sent).postDataJSON()).toEqual({ label: "cellar", tier: 5 });
  await page.locator(".agent", { hasText: "cellar" }).waitFor();
  expect(await homes()).toEqual([["cellar", "gpu"]]);

  let typed = "";
  await edit(async () => {
    const name = page.locator("dialog[open]").getByLabel("Name");
    await name.clear();
    await name.pressSequentially("0123456789".repeat(7));
    typed = await name.inputValue();
  });
  expect(await homes()).toEqual([[typed, "gpu"]]);
  expect(watched).toEqual({ complaints: [], strangers: [] });
});

function choiceOf(agent: Parameters<typeof agentOf>[0], pools: string[]): string | null {
  const fleet = {
    agents: [agentOf(agent)],
    pools,
    queue: queueOf(),
    origin: "https://files.example",
    now: NOON,
  };
  const page: unknown = agentsPage(fleet);
  return /<select[^>]* name="pool".*?<\/select>/s.exec(String(page))?.[0] ?? null;
}

test("with one pool there is nothing to choose", () => {
  expect(choiceOf({}, ["main"])).toBeNull();
  expect(choiceOf({ home: "former" }, ["main"])).toBeNull();
});

test.each([
  ["at home", { pool: "gpu", home: "gpu" }, true],
  ["elsewhere, as after a choice that did not get through", { pool: "main", home: "gpu" }, false],
  ["of a pool that takes agents no more", { pool: "main", home: "former" }, true],
])("%s: its home is chosen, and sent only where that does something", (_, agent, onlyIfChanged) => {
  const choice = choiceOf(agent, ["main", "gpu"]);
  expect(choice).toMatch(new RegExp(`<option value="${agent.home}" selected[^>]*>`));
  expect(choice?.includes("data-changed")).toBe(onlyIfChanged);
});
