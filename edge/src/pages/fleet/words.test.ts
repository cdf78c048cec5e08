import { expect, test } from "vitest";
import { agentOf, NOON, queueOf } from "../testing/fleets.ts";
import {
  agoWords,
  machineWords,
  poolWords,
  queueWords,
  roomWords,
  starvingWords,
  stateWords,
} from "./words.ts";

const held = {
  id: "main.1",
  file: "f",
  kind: "video",
  part: "all",
  slot: "cpu" as const,
  fraction: 0,
  started_at: null,
};

test.each([
  [agentOf(), "ready"],
  [agentOf({ jobs: [held] }), "at work"],
  [agentOf({ state: "resting", reason: "schedule: 22:00-07:00" }), "resting: schedule: 22:00-07:00"],
  [agentOf({ state: "draining", jobs: [held] }), "taking no more"],
  [
    agentOf({ state: "offline", reason: "Protocol 9 is not spoken here." }),
    "offline: Protocol 9 is not spoken here.",
  ],
])("an agent that is %o is called %s", (agent, words) => expect(stateWords(agent)).toBe(words));

test.each([
  [queueOf(), [], "no machine online · nothing to do"],
  [
    queueOf({ leased: 2, ready: 3, oldest_wait_s: 70 }),
    [agentOf()],
    "1 machine online · 2 at work · 3 waiting · the oldest for 1 min",
  ],
  [
    queueOf({ dead: 1, retry_wait: 1 }),
    [agentOf(), agentOf({ connected_at: null })],
    "1 machine online · 1 to be tried again · 1 failed for good",
  ],
])("the queue %o is told as a line", (queue, agents, words) => expect(queueWords(queue, agents)).toBe(words));

test("jobs that nobody can do are told, and nothing otherwise", () => {
  expect(starvingWords(queueOf())).toBeNull();
  expect(starvingWords(queueOf({ starving: 1 }))).toBe(
    "One job waits for a machine that can do it; none is online.",
  );
  expect(starvingWords(queueOf({ starving: 4 }))).toContain("4 jobs wait");
});

test("a machine is told by what is known of it", () => {
  expect(machineWords(agentOf())).toBe(
    "8 cores · 32 GB · libx264 · ffmpeg 7.0.2 · linux-x64 · agent 0.1.0 · sandbox: namespaces",
  );
  const nothing = {
    cores: null,
    memory_bytes: null,
    encoders: [],
    ffmpeg: null,
    version: null,
    platform: null,
  };
  expect(machineWords(agentOf({ ...nothing, sandbox: null }))).toBe("");
});

test("room is told only of a machine that is there", () => {
  expect(roomWords(agentOf())).toBe("free: 1 cpu and 4 io");
  expect(roomWords(agentOf({ free: { gpu: 0, cpu: 0, io: 0 } }))).toBe("no slot free");
  expect(roomWords(agentOf({ connected_at: null }))).toBe("");
});

const SEVERAL = ["main", "gpu"];
test.each([
  [{ pool: "main", home: "main" }, SEVERAL, "pool main"],
  [{ pool: "gpu", home: "gpu" }, SEVERAL, "pool gpu"],
  [{ pool: "main", home: "gpu" }, SEVERAL, "pool main, at home in gpu"],
  [{ pool: "main", home: "main" }, ["main"], ""],
  [{ pool: "main", home: "former" }, ["main"], ""],
  [{ pool: "former", home: "main" }, ["main"], "pool former"],
])("one that is %o, of the pools %j, is %j", (agent, pools, words) =>
  expect(poolWords(agent, pools)).toBe(words),
);

test.each([
  [0, "just now"],
  [61_000, "1 minute ago"],
  [7_300_000, "2 hours ago"],
  [-5_000, "just now"],
])("%i ms before now is %s", (age, words) =>
  expect(agoWords(new Date(NOON - age).toISOString(), NOON)).toBe(words),
);
