/** Two pools and one machine: the real agent is told to move, with nothing in hand, and does the work of both. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type House, openHouse, until } from "./house.ts";

const PICTURES = 6;
/** Later than now, as the cron's minutes would be. Milliseconds. */
const LATER_MS = 10_000;

const Views = z.object({
  agents: z.array(z.object({ label: z.string(), done: z.number(), losses: z.number() })),
});

let house: House;
beforeAll(async () => {
  house = await openHouse({ POOLS: "main, second" });
});
afterAll(() => house.close());

async function fleet() {
  const headers = { authorization: `Bearer ${house.edge.operatorToken}` };
  return Views.parse(await (await fetch(`${house.url}/api/agents`, { headers })).json()).agents;
}

async function poolsOfFiles(): Promise<string[]> {
  const database = await house.edge.database();
  const { results } = await database.prepare("select distinct pool from files").all<{ pool: string }>();
  return results.map(({ pool }) => pool);
}

async function uploadPicture(name: string): Promise<string> {
  const path = join(house.dataDir, `${name}.png`);
  const picture = ["-f", "lavfi", "-i", "testsrc=s=640x360", "-frames:v", "1"];
  execFileSync("ffmpeg", ["-v", "error", ...picture, path]);
  return (await house.upload(path)).id;
}

test("one machine does the work of two pools", async () => {
  const ids: string[] = [];
  while (ids.length < PICTURES || (await poolsOfFiles()).length < 2) {
    ids.push(await uploadPicture(`picture${ids.length}`));
  }
  await house.startAgent("only");
  await until("all of them to be made", async () => {
    const records = await Promise.all(ids.map((id) => house.record(id)));
    if (records.every(({ status }) => status === "ready")) return true;
    await house.edge.scheduled(Date.now() + LATER_MS);
    return false;
  });
  expect(await fleet()).toMatchObject([{ label: "only", done: ids.length, losses: 0 }]);
}, 120_000);
