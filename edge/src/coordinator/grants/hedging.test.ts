/** A slow or silent agent gets help; the first to commit wins. Pure first, then in real workerd. */
import { describe, expect, test } from "vitest";
import type { Grant } from "#protocol";
import { isSlow, silentFrom } from "./hedging.ts";
import { LEASE_MS, NOW } from "../testing/jobs.ts";
import { useBench } from "../testing/bench.ts";
import { makeResult } from "../testing/results.ts";
import { eventually, type TestAgent } from "../testing/test-agent.ts";

describe("slow is", () => {
  const peer = { cost: 10, startedAt: NOW, finishedAt: NOW + 10_000 };
  const peers = [peer, peer, peer];
  const running = { cost: 10, fraction: 0.1, startedAt: NOW, leaseEnd: NOW + LEASE_MS };
  const after = (ms: number, changes: Partial<typeof running> = {}, known = peers) =>
    isSlow({ ...running, ...changes, leaseEnd: NOW + ms + LEASE_MS }, known, LEASE_MS, NOW + ms);

  test("who will take more than twice as long as its peers did, and longer than another would from now on", () => {
    expect(after(6_000)).toBe(true);
    expect(after(6_000, { fraction: 0.5 })).toBe(false);
    expect(after(40_000, { fraction: 0.9 })).toBe(false);
    expect(after(21_000, { fraction: 0 })).toBe(true);
    expect(after(19_000, { fraction: 0 })).toBe(false);
    expect(after(4_000, { fraction: 0.01 })).toBe(false);
    expect(after(60_000, {}, [peer, peer])).toBe(false);
  });

  test("who has missed two renewals", () => {
    const from = silentFrom(running.leaseEnd, LEASE_MS) - NOW;
    expect(from).toBeGreaterThan((2 / 3) * LEASE_MS);
    expect(isSlow(running, [], LEASE_MS, NOW + from - 1)).toBe(false);
    expect(isSlow(running, [], LEASE_MS, NOW + from)).toBe(true);
  });
});

describe("a hedge", () => {
  const bench = useBench();

  /** A film of one segment: one agent is silent over one of its rungs, the other is done with all it was given. */
  async function oneSilent(): Promise<{
    fileId: string;
    slow: TestAgent;
    own: Grant;
    other: TestAgent;
    hedge: Grant;
  }> {
    const slow = await bench.agent(["inspect", "video"]);
    const fileId = await bench.file("video");
    const inspection = await slow.grant("inspect");
    const { uploads, result } = makeResult(inspection, 4);
    slow.ready({ gpu: 0, cpu: 1, io: 1 });
    await slow.complete(inspection.lease, await slow.upload(inspection.lease, uploads), result);
    const own = await slow.grant("video");
    const other = await bench.agent();
    const isOther = ({ lease }: Grant) => lease.job !== own.lease.job;
    const rest = await eventually(
      () =>
        other
          .grants()
          .filter(({ recipe }) => recipe.kind === "audio")
          .at(0) ?? null,
    );
    await bench.finish(other, rest);
    for (const grant of other
      .grants()
      .filter(({ recipe }) => recipe.kind === "video")
      .filter(isOther)) {
      await bench.finish(other, grant);
    }
    other.ready();
    await bench.edge.calls.tick(Date.now() + 70_000);
    const hedge = await eventually(async () => {
      const [row] = await bench.edge.sql("select id from jobs where hedgeOf = ?", own.lease.job);
      return other.grants().find(({ lease }) => lease.job === row?.["id"]) ?? null;
    });
    return { fileId, slow, own, other, hedge };
  }

  const mp4 = async (fileId: string) => (await bench.edge.jobs(fileId)).find(({ kind }) => kind === "mp4");

  test("that commits first owns the segments; the slow one is cancelled and told, and the film goes on", async () => {
    const { fileId, slow, own, other, hedge } = await oneSilent();
    expect(hedge.recipe).toEqual(own.recipe);
    expect(slow.grants().some(({ lease }) => lease.job === hedge.lease.job)).toBe(false);
    await bench.finish(other, hedge);
    expect(await slow.until(({ type }) => type === "cancel")).toMatchObject({ jobs: [own.lease.job] });
    expect(await bench.edge.job(own.lease.job)).toMatchObject({ state: "cancelled" });
    const owners = await bench.edge.sql("select jobId from claims where jobId = ?", hedge.lease.job);
    expect(owners).toHaveLength(1);
    await eventually(async () => ["ready", "leased"].includes(String((await mp4(fileId))?.["state"])));
    // Its own completion comes too late, and changes nothing.
    const { result } = makeResult(own);
    expect(await slow.complete(own.lease, [], result)).toMatchObject({ type: "refused", reason: "stale" });
  });

  test("is cancelled when the slow one commits after all", async () => {
    const { fileId, slow, own, other, hedge } = await oneSilent();
    await bench.finish(slow, own);
    expect(await other.until(({ type }) => type === "cancel")).toMatchObject({ jobs: [hedge.lease.job] });
    expect(await bench.edge.job(hedge.lease.job)).toMatchObject({ state: "cancelled" });
    await eventually(async () => ["ready", "leased"].includes(String((await mp4(fileId))?.["state"])));
  });
});
