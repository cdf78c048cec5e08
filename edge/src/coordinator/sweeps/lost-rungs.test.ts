/** A rung was asked for and nobody makes it: the quarter-hourly sweep finds it, in real workerd. */
import { beforeEach, expect, test } from "vitest";
import { addRung } from "../../catalog/added-rungs.ts";
import { findFile, type FileRow } from "../../catalog/files.ts";
import { ulid } from "../../catalog/ids.ts";
import { loadPlan } from "../../catalog/plans.ts";
import { findRendition } from "../../catalog/renditions.ts";
import { DAY, HOUR } from "../../config.ts";
import { workOutbox } from "../../db/schema.ts";
import { useBench } from "../testing/bench.ts";
import { eventually, type TestAgent } from "../testing/test-agent.ts";

const bench = useBench();
/** 04:00 UTC: a quarter of an hour, and no time of the daily sweeps. */
const quarter = Math.ceil(Date.now() / DAY) * DAY + 4 * HOUR;
const RUNG = { name: "240", mode: "encode", width: 426, height: 240, ceiling: 300_000 } as const;

let agent: TestAgent;
let done: number;
beforeEach(async () => {
  agent = await bench.agent();
  done = 0;
});

const stored = async (fileId: string): Promise<FileRow> => {
  const file = await findFile(bench.edge.db, fileId);
  if (!file) throw new Error("no file");
  return file;
};

/** Does all there is until the file is settled, and what comes after. Answers what it made: kinds, and of pictures the rungs. */
async function workOff(fileId: string): Promise<string[]> {
  const made: string[] = [];
  await eventually(async () => {
    for (const grant of agent.grants().slice(done)) {
      done += 1;
      const { recipe } = grant;
      made.push(recipe.kind === "video" ? recipe.rungs.map(({ name }) => name).join("+") : recipe.kind);
      await bench.finish(agent, grant);
      agent.ready();
    }
    const open = await bench.edge.sql(
      "select id from jobs where fileId = ? and state not in ('done', 'dead', 'cancelled')",
      fileId,
    );
    return open.length === 0 && (await stored(fileId)).status !== "processing";
  }, 60_000);
  return made;
}

/** A film that is made, and then wants another rung; the word of it counts as sent and was never heard. */
async function filmWithLostWord(between: () => Promise<unknown>): Promise<string> {
  const fileId = await bench.file("video");
  await workOff(fileId);
  await between();
  const plan = await loadPlan(bench.edge.db, (await stored(fileId)).planId ?? "");
  if (!plan) throw new Error("no plan");
  const [outboxId, now] = [ulid(Date.now()), Date.now()];
  const request = { rung: RUNG, type: "application/vnd.apple.mpegurl", outboxId, most: 8, now };
  expect(await addRung(bench.edge.db, plan, request)).toBe(true);
  // With that of the upload, which nobody marked here.
  await bench.edge.db.update(workOutbox).set({ sentAt: now });
  expect((await stored(fileId)).status).toBe("processing");
  return fileId;
}

test.each([
  ["that the coordinator knows", () => Promise.resolve()],
  ["that it has forgotten", () => bench.edge.calls.forgetOld(Date.now() + 31 * DAY)],
])("of a film %s: the rung is made, and nothing else once more", async (_, between) => {
  const fileId = await filmWithLostWord(between);
  const { planId } = await stored(fileId);
  await bench.edge.scheduled(quarter);
  expect(new Set(await workOff(fileId))).toEqual(new Set(["240"]));
  expect(await stored(fileId)).toMatchObject({ status: "ready", planId });
  expect(await findRendition(bench.edge.db, fileId, "rung", "240")).toMatchObject({ state: "ready" });
});
