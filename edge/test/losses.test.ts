import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { countFrames, makeClip } from "./footage.ts";
import { type House, openHouse, until } from "./house.ts";

const SECONDS = 24;
const FRAMES = SECONDS * 30;

let house: House;

beforeAll(async () => {
  // Short leases, so that a loss is noticed in seconds.
  house = await openHouse({ LEASE_SECONDS: "6" });
});
afterAll(() => house.close());

/** Processes whose command line names this house's folder: its agents and what they started. */
function ffmpegsOf(dataDir: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return "";
      }
    })
    .filter((line) => line.includes(dataDir) && line.includes("ffmpeg"));
}

async function untilEncoding(id: string): Promise<void> {
  await until("a rectangle to be encoded", async () => {
    const record = await house.record(id);
    const begun = record.renditions.some((one) => one.kind === "rung" && one.state !== "waiting");
    return begun && ffmpegsOf(house.dataDir).some((line) => line.includes("libx264"));
  });
}

async function expectWhole(id: string): Promise<void> {
  const record = await house.settled(id);
  expect(record.status).toBe("ready");
  const rungs = record.renditions.filter((one) => one.kind === "rung");
  expect(rungs.length).toBeGreaterThanOrEqual(2);
  for (const rung of rungs) expect(await countFrames(rung.url ?? ""), rung.name).toBe(FRAMES);
  expect(await countFrames(`${house.url}/${id}/video.mp4`)).toBe(FRAMES);
}

test("an agent killed in the middle of a rectangle leaves nothing running, and another one finishes the film", async () => {
  const clip = await makeClip(join(house.dataDir, "killed.mp4"), { seconds: SECONDS, size: "1280x720" });
  const first = await house.startAgent("first");
  const { id } = await house.upload(clip);
  await untilEncoding(id);
  first.process.kill("SIGKILL");
  await until("ffmpeg to die with its agent", async () => ffmpegsOf(house.dataDir).length === 0, 10_000);

  const second = await house.startAgent("second");
  await expectWhole(id);
  await second.stop();
});

test("the edge killed in the middle of a job comes back, and the film still ends ready", async () => {
  const clip = await makeClip(join(house.dataDir, "restart.mp4"), { seconds: SECONDS, size: "1280x720" });
  const agent = await house.startAgent("patient", { CAPCLOUD_RECONNECT_SECONDS: "1" });
  const { id } = await house.upload(clip);
  await untilEncoding(id);
  await house.restartEdge();
  await expectWhole(id);
  await agent.stop();
});

test("an upload acknowledged before the edge is killed is there afterwards, byte for byte", async () => {
  const clip = await makeClip(join(house.dataDir, "kept.mp4"), { seconds: 4 });
  const { raw_url: raw } = await house.upload(clip);
  await house.restartEdge();
  const bytes = Buffer.from(await (await fetch(raw)).arrayBuffer());
  expect(bytes.equals(readFileSync(clip))).toBe(true);
  execFileSync("cmp", [clip, "-"], { input: bytes });
});
