/** A file's way through the coordinator in real workerd, with an agent that speaks the protocol by hand. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findFile } from "../catalog/files.ts";
import { loadPlan } from "../catalog/plans.ts";
import { findSegment, listRectangles } from "../catalog/rectangles.ts";
import { listRenditions } from "../catalog/renditions.ts";
import { startTestEdge, type TestEdge } from "./testing/edge.ts";
import { makeResult } from "./testing/results.ts";
import { eventually, TestAgent } from "./testing/test-agent.ts";

let edge: TestEdge;
const agents: TestAgent[] = [];

beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge.stop());
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
});

async function newAgent(): Promise<TestAgent> {
  const { key } = await edge.agentKey();
  const agent = await new TestAgent(edge.url, key).connect();
  agents.push(agent);
  await agent.start();
  return agent;
}

/** Does whatever it is granted until the file is settled. */
async function workUntilSettled(agent: TestAgent, fileId: string, seconds?: number, all = false) {
  const done = new Set<string>();
  return eventually(async () => {
    for (const grant of agent.grants().filter(({ lease }) => !done.has(lease.job))) {
      done.add(grant.lease.job);
      const { uploads, result } = makeResult(grant, seconds);
      const objects = uploads.length > 0 ? await agent.upload(grant.lease, uploads) : [];
      expect(await agent.complete(grant.lease, objects, result)).toMatchObject({ type: "accepted" });
      agent.ready();
    }
    // Some of what a file has is made after it is ready.
    if (all && (await edge.calls.busyFiles([fileId])).length > 0) return null;
    const file = await findFile(edge.db, fileId);
    return file && file.status !== "processing" ? file : null;
  }, 60_000);
}

describe("a file", () => {
  test("that is a picture is granted, signed, uploaded, verified and told to the catalogue", async () => {
    const agent = await newAgent();
    const { file, outboxId } = await edge.storeFile("image");
    expect(await edge.calls.enqueueFile(file.id, outboxId)).toEqual([`main.${outboxId}`]);
    const grant = await agent.grant("image");
    expect(grant.lease).toMatchObject({ job: `main.${outboxId}`, epoch: 1 });
    expect(grant.slot).toBe("io");
    const input = await fetch(grant.inputs[0]?.url ?? "");
    expect((await input.arrayBuffer()).byteLength).toBe(file.size);

    const settled = await workUntilSettled(agent, file.id);
    expect(settled).toMatchObject({ status: "ready", width: 4_000, height: 3_000, blurhash: "L00000" });
    const renditions = await listRenditions(edge.db, file.id);
    expect(renditions.map(({ kind, name, state }) => `${kind} ${name} ${state}`).sort()).toEqual([
      "preview preview ready",
      "thumbnail thumbnail ready",
    ]);
    const thumbnail = renditions.find(({ kind }) => kind === "thumbnail");
    expect((await edge.bucket.head(thumbnail?.objectKey ?? ""))?.etag).toBe(thumbnail?.etag);
    expect(await edge.calls.enqueueFile(file.id, "01ANOTHER0000000000000000")).toEqual([`main.${outboxId}`]);
  });

  test("that is a film gets its stills, plan, rungs, sound and mp4, every segment owned once", async () => {
    const agent = await newAgent();
    const { file, outboxId } = await edge.storeFile("video");
    await edge.calls.enqueueFile(file.id, outboxId);
    const settled = await workUntilSettled(agent, file.id, 14, true);
    expect(settled).toMatchObject({ status: "ready", reason: null, width: 1_280, duration: 14_000 });
    const planId = await edge.calls.awaitPlan(file.id, 1_000);
    expect(planId).toBe(settled.planId);
    const plan = await loadPlan(edge.db, planId ?? "");
    expect(plan?.boundaries).toEqual([0, 4_000, 8_000, 12_000, 14_000]);
    const rectangles = await listRectangles(edge.db, planId ?? "");
    for (const track of ["480", "720", "audio-0"]) {
      const owned = rectangles
        .filter((row) => row.track === track)
        .flatMap(({ segments }) => segments.map(([segment]) => segment));
      expect(owned.sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    }
    const states = (await listRenditions(edge.db, file.id)).map(
      ({ kind, name, state }) => `${kind} ${name} ${state}`,
    );
    expect(states.sort()).toEqual([
      ...["mp4 mp4 ready", "poster poster ready", "rung 480 ready", "rung 720 ready"],
      ...["storyboard 0 ready", "thumbnail thumbnail ready", "track audio-0 ready"],
    ]);
    const progress = await edge.calls.progress(file.id);
    expect(progress).toMatchObject({ fraction: 1, ranges: [[0, 14]], agents: 0, making: [] });
    // The answer from the claims and the one from the catalogue are the same.
    const [there, known] = await Promise.all([
      edge.calls.awaitSegment(planId ?? "", "720", 2, 1_000),
      findSegment(edge.db, planId ?? "", "720", 2),
    ]);
    expect(there).toEqual(known);
  });

  test("of sound that browsers do not play gets a download; one they play is ready after its inspection", async () => {
    const agent = await newAgent();
    const { file, outboxId } = await edge.storeFile("audio");
    await edge.calls.enqueueFile(file.id, outboxId);
    const settled = await workUntilSettled(agent, file.id, 60, true);
    expect(settled).toMatchObject({ status: "ready", duration: 60_000 });
    const made = await listRenditions(edge.db, file.id);
    expect(made.map(({ kind, name, state, type }) => [kind, name, state, type].join(" ")).sort()).toEqual([
      ...["m4a m4a ready audio/mp4", "waveform waveform ready application/json"],
    ]);
  });

  test("with nothing to derive has no jobs", async () => {
    const { file, outboxId } = await edge.storeFile("other");
    expect(await edge.calls.enqueueFile(file.id, outboxId)).toEqual([]);
    expect(await findFile(edge.db, file.id)).toMatchObject({ status: "ready" });
  });
});

test("nobody there: the record says so, and the job goes out the moment an agent comes", async () => {
  const { file, outboxId } = await edge.storeFile("image");
  await edge.calls.enqueueFile(file.id, outboxId);
  expect(await edge.calls.progress(file.id)).toMatchObject({ fraction: 0, waiting: "no_agent" });
  const version = (await edge.calls.progress(file.id)).version;
  const watching = edge.calls.watch(file.id, version, 10_000);
  const agent = await newAgent();
  await agent.grant("image");
  expect(await watching).toBeGreaterThan(version);
  expect(await edge.calls.progress(file.id)).toMatchObject({ waiting: null, agents: 1 });
  await workUntilSettled(agent, file.id);
});
