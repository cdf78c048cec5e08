/** Enrolling as people do it: a process of its own, against a desk on loopback that decides. */
import { mkdtemp, readFile, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CliProcess, startCli } from "../testing/cli-process.ts";
import { DESK_KEY, EnrolmentDesk } from "../rehearsal/enrolment-desk.ts";
import { until } from "../rehearsal/until.ts";

let desk: EnrolmentDesk;
let home: string;
let started: CliProcess[];
beforeEach(async () => {
  desk = await EnrolmentDesk.start();
  home = await mkdtemp(join(tmpdir(), "enroll-"));
  started = [];
});
afterEach(async () => {
  for (const { process } of started) process.kill("SIGKILL");
  await desk.stop();
  await rm(home, { recursive: true, force: true });
});

function enroll(...args: string[]): CliProcess {
  const cli = startCli(["enroll", ...args], { HOME: home });
  started.push(cli);
  return cli;
}

const at = (...path: string[]) => join(home, ".config", ...path);

test("a machine shows its code, waits, keeps its key for itself and knows its edge from then on", async () => {
  const agent = enroll("--edge", desk.edge, "--label", "garage");
  await until("the code is shown", () => agent.said().includes("ABCD-EFGH"));
  expect(agent.said()).toContain(`${desk.edge}/agents/enroll?code=ABCD-EFGH`);
  expect(desk.asked).toMatchObject([{ label: "garage", platform: `${process.platform}-${process.arch}` }]);
  desk.decision = "confirmed";
  expect(await agent.code()).toBe(0);
  const [name = ""] = await readdir(at("capcloud-agent"));
  const key = at("capcloud-agent", name);
  expect(await readFile(key, "utf8")).toBe(`${DESK_KEY}\n`);
  expect((await stat(key)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(at("capcloud-agent.json"), "utf8"))).toEqual({
    edge: `${desk.edge}/`,
    keyFile: key,
    label: "garage",
  });
  expect(agent.said()).toMatch(/What next:\n\n +capcloud-agent /);
  for (const secret of [DESK_KEY, "poll-token"]) expect(agent.said()).not.toContain(secret);
});

test("a machine that has a key is told so, and asks nobody, unless it insists", async () => {
  desk.decision = "confirmed";
  const keyFile = join(home, "key");
  expect(await enroll("--edge", desk.edge, "--key-file", keyFile).code()).toBe(0);
  const again = enroll("--edge", desk.edge, "--key-file", keyFile);
  expect(await again.code()).toBe(2);
  expect(again.said()).toMatch(/already has a key.*--force/);
  expect(desk.asked).toHaveLength(1);
  expect(await enroll("--edge", desk.edge, "--key-file", keyFile, "--force").code()).toBe(0);
  expect(desk.asked).toHaveLength(2);
});

test.each([
  ["declined", 3, /declined.*Talk to/],
  ["expired", 1, /expired.*Ask again/],
] as const)("%s ends with code %i, a sentence and no key", async (decision, code, sentence) => {
  desk.decision = decision;
  const agent = enroll("--edge", desk.edge);
  expect(await agent.code()).toBe(code);
  expect(agent.said()).toMatch(sentence);
  expect(agent.said()).not.toMatch(/\n\s+at /);
  expect(await readdir(at("capcloud-agent"))).toEqual([]);
});

test("an edge that is not there, or is none, is said so with code 1", async () => {
  const away = enroll("--edge", "http://127.0.0.1:1");
  expect(await away.code()).toBe(1);
  expect(away.said()).toMatch(/127\.0\.0\.1:1 cannot be reached/);
  desk.refusal = { status: 404, body: "<html>" };
  const other = enroll("--edge", desk.edge);
  expect(await other.code()).toBe(1);
  expect(other.said()).toMatch(/check that --edge/);
});

test("Ctrl-C while waiting gives up in words", async () => {
  const agent = enroll("--edge", desk.edge);
  await until("it waits", () => desk.polls > 1);
  agent.process.kill("SIGINT");
  expect(await agent.code()).toBe(1);
  expect(agent.said()).toMatch(/Not enrolled/);
});

test("a place that cannot be written is found out before anybody is asked", async () => {
  const agent = enroll("--edge", desk.edge, "--key-file", "/proc/key");
  expect(await agent.code()).toBe(2);
  expect(agent.said()).toMatch(/--key-file/);
  expect(desk.asked).toEqual([]);
});
