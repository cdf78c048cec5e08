/** Jobs, specs and grantees for tests, with everything a test does not care about filled in. */
import type { JobSpec, Grantee, Job } from "../ledger/ledger-types.ts";
import { RANK } from "../ledger/ledger-types.ts";
import { newJob } from "../ledger/ledger.ts";

export const NOW = 1_800_000_000_000;
export const LEASE_MS = 90_000;

export function spec(changes: Partial<JobSpec> = {}): JobSpec {
  return {
    fileId: "file000001",
    kind: "image",
    version: "v1",
    sourceEtag: "etag",
    part: "all",
    owner: "anonymous",
    shard: "SHARD_WEUR",
    planId: null,
    rank: RANK.rest,
    needs: "io",
    startMs: 0,
    position: 0,
    cost: 10,
    workMs: 0,
    recipe: { kind: "image", animated: false },
    inputs: [{ name: "original", key: "o/file000001/n", size: 1000 }],
    makes: [{ kind: "thumbnail", name: "thumbnail" }],
    hedgeOf: null,
    parents: [],
    ...changes,
  };
}

export function job(changes: Partial<Job> = {}): Job {
  return { ...newJob(spec(), "main.1", false, NOW), ...changes };
}

export function grantee(changes: Partial<Grantee> = {}): Grantee {
  return {
    agentId: "agent-a",
    bootId: "boot-a",
    slot: "io",
    secretHash: "hash-1",
    nonce: "nonce1",
    leaseMs: LEASE_MS,
    ...changes,
  };
}
