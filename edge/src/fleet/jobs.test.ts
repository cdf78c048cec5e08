import { eq } from "drizzle-orm";
import { beforeAll, describe, expect, test } from "vitest";
import type { Grant, JobKind } from "#protocol";
import { findFile } from "../catalog/files.ts";
import { hashSecret } from "../catalog/ids.ts";
import { listRenditions } from "../catalog/renditions.ts";
import { MINUTE } from "../config.ts";
import { files } from "../db/schema.ts";
import { useBench } from "../coordinator/testing/bench.ts";
import { eventually, type TestAgent } from "../coordinator/testing/test-agent.ts";
import type { JobView, JobViewWithHistory } from "./job-view.ts";
import { ask, codeOf, jobOf, TOKEN } from "./testing/operator.ts";

const bench = useBench({ OPERATOR_TOKEN: TOKEN });
const url = () => bench.edge.url;
const KEY = "the-delete-key";
let keyHash = "";
beforeAll(async () => {
  keyHash = await hashSecret(KEY);
});

const step = (id: string, name: string) => ask<JobView>(url(), "POST", `/api/jobs/${id}/${name}`);
const listed = async (query: string) =>
  (await ask<{ jobs: JobView[]; next: string | null }>(url(), "GET", `/api/jobs?${query}`)).body;
const statusOf = async (fileId: string) => (await findFile(bench.edge.db, fileId))?.status;
const fail = (agent: TestAgent, { lease }: Grant, kind: "transient" | "permanent" | "agent_fault") => {
  const code = { transient: "crashed", permanent: "corrupt", agent_fault: "disk_full" } as const;
  return agent.ask({ type: "fail", lease, class: kind, code: code[kind], message: `It is ${kind}.` });
};

test("a job's history tells every attempt: who, when, how it ended and why", async () => {
  const agent = await bench.agent();
  const fileId = await bench.file("image");
  const first = await agent.grant("image");
  await fail(agent, first, "transient");
  const { job: id } = first.lease;
  const waiting = await jobOf(url(), id);
  expect(waiting).toMatchObject({
    state: "retry_wait",
    file: fileId,
    attempts: 1,
    class: "stills",
    agent: null,
  });
  expect(Date.parse(waiting.not_before ?? "")).toBeGreaterThan(Date.now());
  agent.ready();
  await step(id, "retry");
  const second = await agent.grant("image");
  await bench.edge.calls.tick(Date.now() + 2 * MINUTE);
  agent.ready();
  const third = await agent.grant("image");
  await agent.ask({ type: "release", lease: third.lease });
  agent.ready();
  const fourth = await agent.grant("image");
  await bench.finish(agent, fourth);
  const done = await eventually(async () => {
    const job = await jobOf(url(), id);
    return job.state === "done" ? job : null;
  });
  expect([first, second, third, fourth].map(({ lease }) => lease.epoch)).toEqual([1, 2, 3, 4]);
  expect(done.history).toMatchObject([
    { epoch: 1, outcome: "failed", error: { code: "crashed", message: "It is transient." }, slot: "io" },
    { epoch: 2, outcome: "lost", error: { code: "lost" } },
    { epoch: 3, outcome: "released", error: null },
    { epoch: 4, outcome: "done", error: null, label: "test" },
  ]);
  const [{ granted_at, ended_at } = { granted_at: null, ended_at: null }] = done.history;
  expect(Date.parse(ended_at ?? "")).toBeGreaterThanOrEqual(Date.parse(granted_at ?? ""));
  expect(JSON.stringify(done)).not.toContain(fourth.lease.secret);
});

describe("cancel", () => {
  test("takes a leased job from its agent; the file ends without it, and a redrive makes it after all", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    const { job: id } = grant.lease;
    expect((await step(id, "cancel")).body).toMatchObject({ state: "cancelled", error: { code: "stopped" } });
    expect(await agent.until(({ type }) => type === "cancel")).toMatchObject({ jobs: [id] });
    expect(await agent.ask({ type: "release", lease: grant.lease })).toMatchObject({ reason: "stale" });
    await eventually(async () => (await statusOf(fileId)) === "failed");
    expect((await findFile(bench.edge.db, fileId))?.reason).toBe("The operator cancelled it.");
    expect((await jobOf(url(), id)).history).toMatchObject([{ outcome: "cancelled" }]);

    expect((await step(id, "redrive")).body).toMatchObject({ error: null });
    expect(await statusOf(fileId)).toBe("processing");
    const states = (await listRenditions(bench.edge.db, fileId)).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(["waiting"]));
    const again = await agent.grant("image");
    expect(again.lease.epoch).toBe(2);
    await bench.finish(agent, again);
    await eventually(async () => (await statusOf(fileId)) === "ready");
  });
});

const FIRST: JobKind[] = ["inspect", "stills", "index"];

test("what hangs on a job goes with it, and comes back with its redrive", async () => {
  const agent = await bench.agent(FIRST);
  const fileId = await bench.file("video");
  const jobs = () => listed(`file=${fileId}`).then((page) => page.jobs);
  for (const kind of ["inspect", "stills"] as const) {
    await bench.finish(agent, await agent.grant(kind));
    agent.ready();
  }
  const video = await eventually(async () => (await jobs()).find((job) => job.kind === "video") ?? null);
  const mp4 = async () => (await jobs()).find(({ kind }) => kind === "mp4");
  expect(await mp4()).toMatchObject({ state: "blocked" });
  await step(video.id, "cancel");
  expect(await mp4()).toMatchObject({ state: "cancelled", error: { code: "parent_failed" } });
  await step(video.id, "redrive");
  expect(await jobOf(url(), video.id)).toMatchObject({ state: "ready" });
  expect(await mp4()).toMatchObject({ state: "blocked", error: null });
});

describe("a step that does not fit", () => {
  test("answers 409 and names what would", async () => {
    const agent = await bench.agent();
    await bench.file("image");
    const grant = await agent.grant("image");
    const { job: id } = grant.lease;
    for (const name of ["retry", "redrive"]) {
      const answer = await step(id, name);
      expect([answer.status, codeOf(answer)]).toEqual([409, "conflict"]);
    }
    await bench.finish(agent, grant);
    await eventually(async () => (await jobOf(url(), id)).state === "done");
    for (const name of ["cancel", "retry", "redrive"]) expect((await step(id, name)).status).toBe(409);
    expect((await jobOf(url(), id)).state).toBe("done");
  });

  test("on what never was is a 404, whatever pool it names", async () => {
    for (const id of ["main.0", "other.01ARYZ6S410000000000000000", "x"]) {
      for (const name of ["cancel", "retry", "redrive"]) expect((await step(id, name)).status).toBe(404);
      expect((await ask(url(), "GET", `/api/jobs/${id}`)).status).toBe(404);
    }
  });

  test("does not wake what went with its file", async () => {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    const grant = await agent.grant("image");
    await fail(agent, grant, "permanent");
    await bench.edge.calls.cancelFile(fileId);
    expect((await step(grant.lease.job, "redrive")).status).toBe(409);
    expect((await jobOf(url(), grant.lease.job)).state).toBe("dead");
  });
});

describe("the list", () => {
  test("is cut by state and file, newest first, page by page", async () => {
    const count = 60;
    const ids: string[] = [];
    for (let at = 0; at < count; at++) ids.push(await bench.file("image"));
    const first = await listed("state=ready");
    expect(first.jobs).toHaveLength(50);
    const second = await listed(`state=ready&cursor=${first.next ?? ""}`);
    expect(second.next).toBeNull();
    const both = [...first.jobs, ...second.jobs];
    expect(both.map(({ file }) => file)).toEqual(ids.toReversed());
    expect(both.every(({ state, waiting_since }) => state === "ready" && waiting_since !== null)).toBe(true);
    expect((await listed(`file=${ids[3] ?? ""}`)).jobs.map(({ file }) => file)).toEqual([ids[3]]);
    expect((await listed(`file=${ids[3] ?? ""}&state=dead`)).jobs).toEqual([]);
    expect((await listed(`cursor=${first.next ?? ""}`)).jobs[0]?.id).toBe(second.jobs[0]?.id);
  });

  test.each(["ready", "leased", "committing", "retry_wait", "blocked", "dead", "done", "cancelled"])(
    "answers for %s what the table holds",
    async (state) => {
      const rows = await bench.edge.sql(
        "select id from jobs where state = ? order by id desc limit 50",
        state,
      );
      expect((await listed(`state=${state}`)).jobs.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    },
  );

  test("refuses a state that is none", async () => {
    expect((await ask(url(), "GET", "/api/jobs?state=asleep")).status).toBe(422);
  });
});

describe("a file's jobs", () => {
  const jobsOf = (fileId: string, query = "", headers: Record<string, string> = {}) =>
    ask<{ jobs: JobViewWithHistory[] }>(
      url(),
      "GET",
      `/api/files/${fileId}/jobs${query}`,
      undefined,
      headers,
    );
  const retry = (fileId: string, query = "") =>
    ask<{ retried: number }>(url(), "POST", `/api/files/${fileId}/retry${query}`, undefined, {});

  async function deadFile(): Promise<{ agent: TestAgent; fileId: string }> {
    const agent = await bench.agent();
    const fileId = await bench.file("image");
    await bench.edge.db.update(files).set({ deleteKeyHash: keyHash }).where(eq(files.id, fileId));
    await fail(agent, await agent.grant("image"), "permanent");
    await eventually(async () => (await statusOf(fileId)) === "failed");
    return { agent, fileId };
  }

  test("are shown with their history to whoever holds the delete key, and to the operator", async () => {
    const { fileId } = await deadFile();
    const shown = await jobsOf(fileId, `?key=${KEY}`);
    expect(shown.body.jobs).toMatchObject([
      {
        ...{ kind: "image", state: "dead", error: { code: "corrupt", message: "It is permanent." } },
        history: [{ epoch: 1, outcome: "failed", label: "test", error: { code: "corrupt" } }],
      },
    ]);
    expect((await jobsOf(fileId, "", { "x-delete-key": KEY })).body).toEqual(shown.body);
    expect((await jobsOf(fileId, "", { authorization: `Bearer ${TOKEN}` })).body).toEqual(shown.body);
  });

  test("are shown to and retried by nobody else", async () => {
    const { fileId } = await deadFile();
    const without = await jobsOf(fileId);
    expect([without.status, JSON.stringify(without.body)]).toEqual([
      401,
      expect.stringContaining("X-Delete-Key") as string,
    ]);
    expect((await jobsOf(fileId, "?key=wrong")).status).toBe(403);
    expect((await retry(fileId)).status).toBe(401);
    expect((await retry(fileId, "?key=wrong")).status).toBe(403);
    expect((await jobsOf("0000000000", `?key=${KEY}`)).status).toBe(404);
    expect(await statusOf(fileId)).toBe("failed");
  });

  test("are retried by their owner, and the file is made after all", async () => {
    const { agent, fileId } = await deadFile();
    expect((await retry(fileId, `?key=${KEY}`)).body).toMatchObject({ retried: 1 });
    agent.ready();
    await bench.finish(agent, await agent.grant("image"));
    await eventually(async () => (await statusOf(fileId)) === "ready");
    expect((await retry(fileId, `?key=${KEY}`)).body).toMatchObject({ retried: 0 });
  });
});
