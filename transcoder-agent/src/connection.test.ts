import { afterEach, beforeEach, expect, test } from "vitest";
import { Connection, type ConnectionOptions, type Listener } from "./connection.ts";
import type { Ending } from "./link/ending.ts";
import { Abandoned } from "./errors.ts";
import type { Question } from "./link/outstanding.ts";
import type { CoordinatorFrame, LeaseRef } from "./protocol.ts";
import { RehearsalCoordinator, welcome } from "./rehearsal/coordinator.ts";
import { introduction } from "./rehearsal/introduction.ts";
import { rememberingLog } from "./rehearsal/log.ts";
import { until } from "./rehearsal/until.ts";

const lease: LeaseRef = { job: "main.1", epoch: 3, secret: "s" };
const release: Question = { type: "release", lease };

/** Remembers what the connection tells the runner. */
class Witness implements Listener {
  leases: LeaseRef[] = [];
  heard: CoordinatorFrame[] = [];
  cuts = 0;
  ending: Ending | null = null;
  held = () => this.leases;
  welcomed = (frame: CoordinatorFrame) => void this.heard.push(frame);
  granted = (frame: CoordinatorFrame) => void this.heard.push(frame);
  cancelled = (frame: CoordinatorFrame) => void this.heard.push(frame);
  renewed = (frame: CoordinatorFrame) => void this.heard.push(frame);
  drained = (frame: CoordinatorFrame) => void this.heard.push(frame);
  resumes = 0;
  resumed = () => void (this.resumes += 1);
  cutOff = () => void (this.cuts += 1);
  stopped = (ending: Ending) => void (this.ending = ending);
  welcomes = () => this.heard.filter(({ type }) => type === "welcome").length;
}

let coordinator: RehearsalCoordinator;
let connection: Connection;
let witness: Witness;
let lines: string[];

beforeEach(async () => {
  coordinator = await RehearsalCoordinator.start();
  witness = new Witness();
});
afterEach(async () => {
  await connection.stop();
  await coordinator.stop();
});

function connect(more: Partial<ConnectionOptions> = {}) {
  const remembering = rememberingLog();
  lines = remembering.lines;
  connection = new Connection({
    url: coordinator.url,
    key: "cca_1_secret",
    introduction: introduction({ gpu: 0, cpu: 1, io: 2 }),
    log: remembering.log,
    reconnect: { firstMs: 5, slowestMs: 20 },
    ...more,
  });
  connection.start(witness);
}

test("an agent introduces itself with its key, protocol and the leases it holds", async () => {
  witness.leases = [lease];
  connect();
  const hello = await coordinator.nth("hello");
  expect(coordinator.upgrades[0]).toMatchObject({
    authorization: "Bearer cca_1_secret",
    "sec-websocket-protocol": "capcloud.v1",
  });
  expect(hello).toMatchObject({ protocol: 1, bootId: "boot", held: [lease], slots: { cpu: 1 } });
  await until("welcome", witness.welcomes);
});

test("an agent that starts before its edge waits for it", async () => {
  const port = coordinator.port;
  await coordinator.stop();
  connect({ url: `ws://127.0.0.1:${port}/agent` });
  await until("a failed try", () => lines.some((line) => line.includes("cannot be reached")));
  coordinator = await RehearsalCoordinator.start(port);
  await until("welcome", witness.welcomes);
});

test("frames for the runner arrive, unknown ones are passed over", async () => {
  connect();
  await until("welcome", witness.welcomes);
  coordinator.say({ type: "novelty", some: "thing" } as never);
  coordinator.grant("main.1");
  coordinator.say({ type: "cancel", jobs: ["main.1"], reason: "deleted" });
  coordinator.say({ type: "drain", reason: "deploy" });
  await until("three frames", () => witness.heard.length === 4);
  expect(witness.heard.map(({ type }) => type)).toEqual(["welcome", "grant", "cancel", "drain"]);
});

test("an unanswered question goes out again after a cut, with the same seq", async () => {
  connect();
  await until("welcome", witness.welcomes);
  coordinator.answers.release = () => null;
  const answer = connection.ask(release);
  const first = await coordinator.nth("release");
  delete coordinator.answers.release;
  coordinator.drop();
  expect(await answer).toMatchObject({ type: "accepted", re: first.seq });
  expect(coordinator.of("release")).toEqual([first, first]);
});

test("what is asked while the line is away is said once it is back", async () => {
  coordinator.refusal = { status: 503, body: "" };
  connect();
  const answer = connection.ask(release);
  expect(connection.tell({ type: "ready", slots: { gpu: 0, cpu: 1, io: 1 } })).toBe(false);
  await until("a refused try", () => coordinator.upgrades.length > 1);
  coordinator.refusal = null;
  expect(await answer).toMatchObject({ type: "accepted" });
  expect(coordinator.of("ready")).toEqual([]);
});

test("a question of an adopted lease is asked anew in its new name; one of a lost lease is dropped", async () => {
  connect();
  await until("welcome", witness.welcomes);
  coordinator.answers.release = () => null;
  coordinator.answers.fail = () => null;
  const adopted: LeaseRef = { job: "main.1", epoch: 4, secret: "t" };
  const kept = connection.ask(release);
  const lost = connection.ask({
    type: "fail",
    lease: { ...lease, job: "main.2" },
    class: "transient",
    code: "network",
    message: "",
  });
  lost.catch(() => undefined);
  const first = await coordinator.nth("release");
  await coordinator.nth("fail");
  coordinator.answers = {
    hello: ({ seq }) =>
      welcome(seq, { adopted: [{ job: "main.1", from: 3, lease: adopted }], lost: ["main.2"] }),
  };
  coordinator.drop();
  await expect(lost).rejects.toBeInstanceOf(Abandoned);
  await kept;
  const again = await coordinator.nth("release", 2);
  expect(again.lease).toEqual(adopted);
  expect(again.seq).not.toBe(first.seq);
  expect(coordinator.of("fail")).toHaveLength(1);
});

test("every frame has a seq of its own", async () => {
  connect();
  await until("welcome", witness.welcomes);
  connection.tell({ type: "ready", slots: { gpu: 0, cpu: 1, io: 1 } });
  connection.tell({ type: "renew", leases: [] });
  await connection.ask(release);
  coordinator.drop();
  await coordinator.nth("hello", 2);
  const seqs = coordinator.frames.map(({ seq }) => seq);
  expect(new Set(seqs).size).toBe(seqs.length);
});

test("a link that answers no pings is given up and made anew", async () => {
  coordinator.answersPings = false;
  coordinator.answers.hello = ({ seq }) => welcome(seq, { pingMs: 20 });
  connect();
  await until("a second welcome", () => witness.welcomes() >= 2);
  expect(coordinator.pings).toBeGreaterThanOrEqual(2);
  expect(lines.join()).toContain("does not answer any more");
});

test("a link whose pings are answered stays", async () => {
  coordinator.answers.hello = ({ seq }) => welcome(seq, { pingMs: 5 });
  connect();
  await until("many pings", () => coordinator.pings > 20);
  expect(witness.welcomes()).toBe(1);
});

test("an edge that takes the link and says nothing is tried again", async () => {
  coordinator.answers.hello = () => null;
  connect({ welcomeMs: 20 });
  await coordinator.nth("hello", 2);
});

test.each([
  [401, /CAPCLOUD_KEY/],
  [403, /revoked/],
])("an upgrade answered by %i stops the agent with a sentence", async (status, sentence) => {
  coordinator.refusal = { status, body: '{"success":false,"description":"No such key."}' };
  connect();
  await until("the end", () => witness.ending);
  expect(witness.ending?.sentence).toMatch(sentence);
  expect(witness.ending?.sentence).toContain("No such key.");
  expect(coordinator.upgrades).toHaveLength(1);
});

test.each([
  [4001, /same key/],
  [4003, /revoked/],
])("a close with %i stops the agent with a sentence", async (code, sentence) => {
  connect();
  await until("welcome", witness.welcomes);
  coordinator.drop(code);
  await until("the end", () => witness.ending);
  expect(witness.ending?.sentence).toMatch(sentence);
  expect(coordinator.upgrades).toHaveLength(1);
});

test("a close for a protocol error is not the end: the edge may be updated", async () => {
  connect();
  await until("welcome", witness.welcomes);
  coordinator.drop(4008);
  await until("a second welcome", () => witness.welcomes() === 2);
  expect(lines.join()).toContain("capcloud-agent@latest");
});

test("an edge that keeps not understanding this agent ends it; being understood in between starts anew", async () => {
  connect();
  for (const turn of [1, 2]) {
    await until("welcome", () => witness.welcomes() === turn);
    coordinator.drop(4008);
  }
  await until("welcome", () => witness.welcomes() === 3);
  coordinator.drop();
  for (const turn of [4, 5]) {
    await until("welcome", () => witness.welcomes() === turn);
    coordinator.drop(4008);
  }
  await until("welcome", () => witness.welcomes() === 6);
  expect(witness.ending).toBeNull();
  coordinator.drop(4008);
  await until("the end", () => witness.ending);
  expect(witness.ending).toMatchObject({ next: "outdated", sentence: expect.stringMatching(/npx/) });
  expect(witness.welcomes()).toBe(6);
});

test("an agent knows how it stands with its edge", async () => {
  coordinator.refusal = { status: 503, body: '{"description":"Back soon."}' };
  connect();
  await until("tries", () => coordinator.upgrades.length > 2);
  expect(connection.standing).toMatchObject({
    connected: false,
    lastError: { sentence: expect.stringContaining("Back soon.") },
  });
  coordinator.refusal = null;
  await until("welcome", witness.welcomes);
  expect(connection.standing.connected).toBe(true);
  coordinator.refusal = { status: 503, body: "" };
  coordinator.drop();
  await until("the loss", () => !connection.standing.connected);
});

test("an agent without contact is told so, and told once", async () => {
  connect({ cutOffMs: 30 });
  await until("welcome", witness.welcomes);
  coordinator.refusal = { status: 503, body: "" };
  coordinator.drop();
  await until("cut off", () => witness.cuts);
  await until("more tries", () => coordinator.upgrades.length > 4);
  expect(witness.cuts).toBe(1);
});

test("an agent back in time is not cut off", async () => {
  connect({ cutOffMs: 200 });
  await until("welcome", witness.welcomes);
  coordinator.drop();
  await until("a second welcome", () => witness.welcomes() === 2);
  coordinator.answers.hello = ({ seq }) => welcome(seq, { pingMs: 10 });
  const pings = coordinator.pings;
  coordinator.drop();
  await until("longer than the limit", () => coordinator.pings > pings + 30);
  expect(witness.cuts).toBe(0);
});

test("an agent moves within its edge and nowhere else", async () => {
  connect();
  await until("welcome", witness.welcomes);
  coordinator.say({ type: "move", url: "https://elsewhere.example/agent" });
  await until("a refusal", () => lines.some((line) => line.includes("refused")));
  coordinator.say({ type: "move", url: `${coordinator.edge}/agent?pool=second` });
  await until("a second welcome", () => witness.welcomes() === 2);
  expect(coordinator.closes).toEqual([1000]);
  coordinator.say({ type: "move", url: `${coordinator.edge}/agent?pool=third` });
  await until("a refusal", () => lines.some((line) => line.includes("too soon")));
  expect(coordinator.closes).toEqual([1000]);
});

test("after a while an agent may be moved again", async () => {
  connect({ moveGapMs: 0 });
  for (const pool of ["second", "third", "fourth"]) {
    const welcomes = witness.welcomes();
    await until("a welcome", () => witness.welcomes() > 0);
    coordinator.say({ type: "move", url: `/agent?pool=${pool}` });
    await until("the next welcome", () => witness.welcomes() > Math.max(1, welcomes));
  }
  expect(coordinator.closes).toEqual([1000, 1000, 1000]);
});

test("the key is never written to the log", async () => {
  coordinator.refusal = { status: 503, body: "" };
  connect();
  await until("tries", () => coordinator.upgrades.length > 2);
  coordinator.refusal = null;
  await until("welcome", witness.welcomes);
  expect(lines.join()).not.toContain("secret");
});
