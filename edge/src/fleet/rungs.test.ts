/** Further rungs on request, in real workerd: what is made, what stays as it is, what is refused, what survives. */
import { eq } from "drizzle-orm";
import { beforeAll, describe, expect, test } from "vitest";
import type { Grant, Recipe } from "#protocol";
import { findFile, settleFile, type FileRow } from "../catalog/files.ts";
import { hashSecret, ulid } from "../catalog/ids.ts";
import { addRung } from "../catalog/added-rungs.ts";
import { loadPlan } from "../catalog/plans.ts";
import { listRectangles } from "../catalog/rectangles.ts";
import { findRendition } from "../catalog/renditions.ts";
import { DAY, MINUTE } from "../config.ts";
import { useBench } from "../coordinator/testing/bench.ts";
import { eventually, type TestAgent } from "../coordinator/testing/test-agent.ts";
import { files, workOutbox } from "../db/schema.ts";
import { frozenPlan, type Plan } from "../media/plan.ts";
import { type Answered, ask, codeOf, TOKEN } from "./testing/operator.ts";

const bench = useBench({ OPERATOR_TOKEN: TOKEN });
const KEY = "the-delete-key";
let keyHash = "";
beforeAll(async () => {
  keyHash = await hashSecret(KEY);
});

interface Recorded {
  status: string;
  renditions: { kind: string; name: string; state: string }[];
}
const askFor = (fileId: string, name: unknown, headers?: Record<string, string>) =>
  ask<Recorded>(bench.edge.url, "POST", `/api/files/${fileId}/rungs`, { name }, headers);
const rungIn = ({ body }: Answered<Recorded>, name: string) =>
  body.renditions.find((one) => one.kind === "rung" && one.name === name);
const master = async (fileId: string) => (await fetch(`${bench.edge.url}/${fileId}/hls/master.m3u8`)).text();
const stored = async (fileId: string): Promise<FileRow> => {
  const file = await findFile(bench.edge.db, fileId);
  if (!file) throw new Error("no file");
  return file;
};
const planOf = async (fileId: string): Promise<Plan> => {
  const plan = await loadPlan(bench.edge.db, (await stored(fileId)).planId ?? "");
  if (!plan) throw new Error("no plan");
  return plan;
};
const jobsOf = async (fileId: string, kind: string) =>
  (await bench.edge.jobs(fileId)).filter((job) => job["kind"] === kind);

const isOf240 = ({ recipe }: Grant) => recipe.kind === "video" && recipe.rungs[0]?.name === "240";
const LATER = { class: "transient", code: "crashed", message: "Later." } as const;

/** Grants of an agent that were done already. */
const handled = new WeakMap<TestAgent, number>();

/** Does all there is until the file is settled, and what comes after. Answers the kinds of what it did. */
async function workOff(agent: TestAgent, fileId: string): Promise<string[]> {
  const kinds: string[] = [];
  await eventually(async () => {
    const done = handled.get(agent) ?? 0;
    for (const [at, grant] of agent.grants().slice(done).entries()) {
      handled.set(agent, done + at + 1);
      kinds.push(grant.recipe.kind);
      await bench.finish(agent, grant);
      agent.ready();
    }
    const open = await bench.edge.sql(
      "select id from jobs where fileId = ? and state not in ('done', 'dead', 'cancelled')",
      fileId,
    );
    return open.length === 0 && (await stored(fileId)).status !== "processing";
  }, 60_000);
  return kinds;
}

/** A film of 720 lines, all made: 480 and 720. */
async function film(agent: TestAgent): Promise<string> {
  const fileId = await bench.file("video");
  await workOff(agent, fileId);
  expect((await stored(fileId)).status).toBe("ready");
  return fileId;
}

test("a rung is made on the plan's boundaries under its id, and nothing else is made again", async () => {
  const agent = await bench.agent();
  const fileId = await film(agent);
  const before = await planOf(fileId);
  const mp4 = await findRendition(bench.edge.db, fileId, "mp4", "mp4");
  const asked = await askFor(fileId, "240");
  expect(asked.status).toBe(202);
  expect(asked.body.status).toBe("processing");
  expect(rungIn(asked, "240")).toMatchObject({ state: expect.stringMatching(/waiting|making/) });
  expect(await master(fileId)).toContain(`${before.id}/240/index.m3u8`);

  expect(new Set(await workOff(agent, fileId))).toEqual(new Set(["video"]));
  expect((await stored(fileId)).status).toBe("ready");
  const plan = await planOf(fileId);
  expect(frozenPlan(plan)).toEqual(before);
  expect(plan.rungs.map(({ name }) => name)).toEqual(["240", "480", "720"]);
  const rows = (await listRectangles(bench.edge.db, plan.id)).filter(({ track }) => track === "240");
  expect(rows.flatMap(({ segments }) => segments.map(([at]) => at)).toSorted((a, b) => a - b)).toEqual([
    0, 1, 2,
  ]);
  expect(await findRendition(bench.edge.db, fileId, "rung", "240")).toMatchObject({
    ...{ state: "ready", width: 426, height: 240, version: plan.id },
  });
  expect(await findRendition(bench.edge.db, fileId, "mp4", "mp4")).toEqual(mp4);
  expect(await master(fileId)).toContain("RESOLUTION=426x240");
  expect((await fetch(`${bench.edge.url}/${fileId}/hls/${plan.id}/240/1.m4s`)).status).toBe(200);
});

test("asking again adds nothing, whether it is being made or there", async () => {
  const agent = await bench.agent();
  const fileId = await film(agent);
  const both = await Promise.all([askFor(fileId, "360"), askFor(fileId, "360")]);
  expect(both.map(({ status }) => status).every((status) => status === 202 || status === 200)).toBe(true);
  expect((await askFor(fileId, "360")).status).toBe(200);
  await workOff(agent, fileId);
  const jobs = await bench.edge.jobs(fileId);
  const again = await askFor(fileId, "360");
  expect(again.status).toBe(200);
  expect(again.body.status).toBe("ready");
  expect((await askFor(fileId, "480")).status).toBe(200);
  await bench.edge.scheduled(Date.now() + MINUTE);
  expect(await bench.edge.calls.addRungs(fileId)).toBe(false);
  expect(await bench.edge.jobs(fileId)).toEqual(jobs);
  expect((await stored(fileId)).status).toBe("ready");
});

test("a rung that is added while the ladder is made leaves download and storyboard to the ladder", async () => {
  const agent = await bench.agent(["inspect", "stills"]);
  const fileId = await bench.file("video");
  await bench.finish(agent, await agent.grant("inspect"));
  await bench.finish(agent, await agent.grant("stills"));
  await eventually(async () => (await stored(fileId)).planId !== null);
  expect((await askFor(fileId, "240")).status).toBe(202);
  // Only the ladder's jobs are done; the added rung's are still open when the download is joined.
  const maker = await bench.agent(["video", "audio", "mp4", "storyboard"]);
  let done = 0;
  const joined = new Map<string, Recipe>();
  await eventually(async () => {
    for (const grant of maker.grants().slice(done)) {
      done += 1;
      const { recipe, lease } = grant;
      if (recipe.kind === "mp4" || recipe.kind === "storyboard") joined.set(recipe.kind, recipe);
      if (isOf240(grant)) await maker.ask({ type: "fail", lease, ...LATER });
      else await bench.finish(maker, grant);
      maker.ready();
    }
    return joined.size === 2;
  }, 60_000);
  expect(joined.get("mp4")).toMatchObject({ frames: 300 });
  expect(joined.get("storyboard")).toMatchObject({ width: 160, height: 90 });
  expect((await stored(fileId)).status).toBe("processing");
});

describe("is refused", () => {
  test("for what is no video, and what would be larger than its source", async () => {
    const agent = await bench.agent();
    const picture = await bench.file("image");
    const wrong = await askFor(picture, "240");
    expect([wrong.status, codeOf(wrong)]).toEqual([422, "invalid"]);
    await workOff(agent, picture);
    const fileId = await film(agent);
    const above = await askFor(fileId, "1080");
    expect([above.status, codeOf(above)]).toEqual([422, "invalid"]);
    expect(JSON.stringify(above.body)).toMatch(/1280×720/);
    for (const name of ["241", "0", "4098", 480, "", "7 20"]) {
      expect((await askFor(fileId, name)).status, String(name)).toBe(422);
    }
    expect((await planOf(fileId)).rungs).toHaveLength(2);
    expect((await stored(fileId)).status).toBe("ready");
  });

  test("before there is a plan, with the advice to ask again; and of a film that is not whole", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("video");
    const early = await askFor(fileId, "240");
    expect([early.status, codeOf(early)]).toEqual([409, "conflict"]);
    expect(early.headers.get("retry-after")).not.toBeNull();
    await workOff(agent, fileId);
    await settleFile(bench.edge.db, fileId, "partial", "It ends early.");
    const partial = await askFor(fileId, "240");
    expect(partial.status).toBe(409);
    expect(JSON.stringify(partial.body)).toMatch(/ends early.*retry/);
  });

  test("beyond eight, also of several who ask at once", async () => {
    const agent = await bench.agent();
    const fileId = await film(agent);
    const names = ["120", "144", "180", "200", "240", "300", "360", "400", "540"];
    const answers = await Promise.all(names.map((name) => askFor(fileId, name)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(6);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(3);
    expect((await planOf(fileId)).rungs).toHaveLength(8);
    await bench.edge.calls.cancelFile(fileId);
  });

  test("without the delete key", async () => {
    const agent = await bench.agent();
    const fileId = await film(agent);
    await bench.edge.db.update(files).set({ deleteKeyHash: keyHash }).where(eq(files.id, fileId));
    expect((await askFor(fileId, "240", {})).status).toBe(401);
    expect((await askFor(fileId, "240", { "x-delete-key": "another" })).status).toBe(403);
    expect((await askFor(fileId, "240", { "x-delete-key": KEY })).status).toBe(202);
    await workOff(agent, fileId);
  });
});

describe("whatever breaks off in between", () => {
  const request = { outboxId: "", most: 8, type: "application/vnd.apple.mpegurl" };
  const rung = { name: "240", mode: "encode", width: 426, height: 240, ceiling: 300_000 } as const;

  test("a word that the coordinator did not hear reaches it by the sweep", async () => {
    const agent = await bench.agent();
    const fileId = await film(agent);
    const outboxId = ulid(Date.now());
    await addRung(bench.edge.db, await planOf(fileId), { ...request, rung, outboxId, now: Date.now() });
    expect((await stored(fileId)).status).toBe("processing");
    expect(await jobsOf(fileId, "video")).toSatisfy((jobs: unknown[]) => jobs.length > 0);
    await bench.edge.scheduled(Date.now() + MINUTE);
    await workOff(agent, fileId);
    expect((await findRendition(bench.edge.db, fileId, "rung", "240"))?.state).toBe("ready");
    const [row] = await bench.edge.db.select().from(workOutbox).where(eq(workOutbox.id, outboxId));
    expect(row?.sentAt).not.toBeNull();
  });

  test("a film that was forgotten gets its rung without anything else being made again", async () => {
    const agent = await bench.agent();
    const fileId = await film(agent);
    await bench.edge.calls.forgetOld(Date.now() + 31 * DAY);
    expect(await bench.edge.jobs(fileId)).toEqual([]);
    expect((await askFor(fileId, "240")).status).toBe(202);
    // What nudges a file that takes long must not begin it anew.
    await bench.edge.calls.enqueueFile(fileId, ulid(Date.now()));
    const { ranges } = await bench.edge.calls.progress(fileId);
    expect(ranges).toEqual([[0, 12]]);
    expect(new Set(await workOff(agent, fileId))).toEqual(new Set(["video"]));
    expect((await stored(fileId)).status).toBe("ready");
    expect((await findRendition(bench.edge.db, fileId, "rung", "240"))?.state).toBe("ready");
    await bench.edge.calls.cancelFile(fileId);
    expect(
      await bench.edge.sql("select * from claims where planId like ?", (await planOf(fileId)).id),
    ).toEqual([]);
  });

  test("a forgotten film that lost an object meanwhile begins anew, and keeps its rung", async () => {
    const agent = await bench.agent();
    const fileId = await film(agent);
    await bench.edge.calls.forgetOld(Date.now() + 31 * DAY);
    await askFor(fileId, "240");
    await workOff(agent, fileId);
    const row = (await listRectangles(bench.edge.db, (await planOf(fileId)).id)).find(
      ({ track }) => track === "720",
    );
    await bench.edge.calls.remake(fileId, [row?.objectKey ?? ""]);
    expect(await bench.edge.jobs(fileId)).toEqual([]);
    await bench.edge.calls.enqueueFile(fileId, ulid(Date.now()));
    expect(new Set(await workOff(agent, fileId))).toContain("inspect");
    expect((await planOf(fileId)).rungs.map(({ name }) => name)).toEqual(["240", "480", "720"]);
  });
});

test("a rung that fails leaves the file partial, and the retry makes it", async () => {
  const agent = await bench.agent();
  const fileId = await film(agent);
  await askFor(fileId, "240");
  const [failing] = await eventually(() => {
    const grants = agent.grants().filter(isOf240);
    return grants.length > 0 && grants;
  });
  if (!failing) throw new Error("no grant");
  const { lease } = failing;
  handled.set(agent, agent.grants().indexOf(failing) + 1);
  await agent.ask({ type: "fail", lease, class: "permanent", code: "corrupt", message: "Damaged." });
  agent.ready();
  await workOff(agent, fileId);
  expect((await stored(fileId)).status).toBe("partial");
  expect(await master(fileId)).not.toContain("/240/");
  await ask(bench.edge.url, "POST", `/api/files/${fileId}/retry`);
  expect((await stored(fileId)).status).toBe("processing");
  expect(await workOff(agent, fileId)).toEqual(["video"]);
  expect((await stored(fileId)).status).toBe("ready");
});
