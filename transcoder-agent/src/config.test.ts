import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isHandedOver } from "./settings/agent-key.ts";
import { Settings } from "./config.ts";
import { ConfigError, type Flags } from "./settings/settings.ts";

const KEY = "cca_a1b2_0123456789abcdef";
let folder: string;
let warnings: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "config-"));
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function settle(flags: Flags, environment: NodeJS.ProcessEnv = {}, file?: Record<string, unknown>) {
  const path = join(folder, "capcloud-agent.json");
  if (file) await writeFile(path, JSON.stringify(file));
  const all = { XDG_CONFIG_HOME: folder, ...environment };
  return Settings.gather(flags, { environment: all, terminal: false });
}

async function agent(flags: Flags, environment: NodeJS.ProcessEnv = {}, file?: Record<string, unknown>) {
  const settings = await settle({ edge: "https://files.example", key: KEY, ...flags }, environment, file);
  return settings.agent((sentence) => warnings.push(sentence));
}

test("a flag goes before its variable, a variable before the file, the file before the default", async () => {
  const file = { label: "from the file", drainSeconds: 7, slots: "cpu=1" };
  const environment = { CAPCLOUD_LABEL: "from the environment", CAPCLOUD_SLOTS: "cpu=2" };
  const config = await agent({ slots: "cpu=3" }, environment, file);
  expect(config).toMatchObject({ slots: { cpu: 3 }, label: "from the environment", drainMs: 7_000 });
  expect(config.log).toEqual({ level: "info", format: "json" });
  expect((await agent({}, { CAPCLOUD_LABEL: "" }, file)).label).toBe("from the file");
});

test.each([
  ["https://files.example", "wss://files.example/agent"],
  ["https://files.example/", "wss://files.example/agent"],
  ["https://files.example/edge/", "wss://files.example/edge/agent"],
  ["http://localhost:8787", "ws://localhost:8787/agent"],
  ["ws://127.0.0.1:8787", "ws://127.0.0.1:8787/agent"],
])("the agent door of %s is %s", async (edge, door) => {
  expect((await agent({ edge })).door).toBe(door);
});

test.each([
  [{ edge: "files.example" }, /--edge is wrong.*https:/],
  [{ edge: "ftp://files.example" }, /--edge is wrong/],
  [{ slots: "cpu=many" }, /--slots is wrong.*cpu=2/],
  [{ drainSeconds: "soon" }, /--drain-seconds is wrong/],
  [{ logLevel: "loud" }, /--log-level is wrong/],
  [{ hours: "at night" }, /--hours is wrong: write it as "22:00-07:00"/],
  [{ pauseWhenGpuBusy: "maybe" }, /--pause-when-gpu-busy is wrong: write true or false/],
  [{ exitWhenIdle: "soon" }, /--exit-when-idle is wrong: give a number of seconds/],
  [{ healthPort: "here" }, /--health-port is wrong: write it as "9100"/],
  [{ healthPort: "99999" }, /--health-port is wrong/],
  [{ key: "has blanks in it" }, /key in --key is no agent key/],
])("a wrong flag is named: %j", async (flags, sentence) => {
  await expect(agent(flags)).rejects.toThrow(ConfigError);
  await expect(agent(flags)).rejects.toThrow(sentence);
});

test("a wrong variable or entry of the file is named as such", async () => {
  await expect(agent({}, { CAPCLOUD_SLOTS: "?" })).rejects.toThrow(/^CAPCLOUD_SLOTS is wrong/);
  await expect(agent({}, {}, { slots: "?" })).rejects.toThrow(/^slots in .*capcloud-agent.json is wrong/);
  await writeFile(join(folder, "capcloud-agent.json"), "edge: https");
  await expect(agent({})).rejects.toThrow(/must hold one JSON object/);
  const none = join(folder, "none.json");
  await expect(Settings.gather({}, { environment: {}, terminal: true }, none)).rejects.toThrow(
    /cannot be read/,
  );
});

test("without an edge or a key the sentence says how to give one", async () => {
  await expect((await settle({ key: KEY })).agent(() => {})).rejects.toThrow(/--edge https:.*CAPCLOUD_EDGE/);
  await expect((await settle({ edge: "https://files.example" })).agent(() => {})).rejects.toThrow(
    /CAPCLOUD_KEY_FILE/,
  );
});

test("a key on the command line works, with a warning", async () => {
  expect((await agent({})).key).toBe(KEY);
  expect(warnings.join()).toMatch(/--key can be seen in `ps`/);
});

test("a key comes from the environment or a file, and an open file is warned of", async () => {
  const path = join(folder, "key");
  await writeFile(path, `${KEY}\n`);
  await chmod(path, 0o600);
  const edge = { edge: "https://files.example" };
  const take = async (environment: NodeJS.ProcessEnv) =>
    (await (await settle(edge, environment)).agent((sentence) => warnings.push(sentence))).key;
  expect(await take({ CAPCLOUD_KEY: KEY })).toBe(KEY);
  expect(await take({ CAPCLOUD_KEY_FILE: path })).toBe(KEY);
  expect(warnings).toEqual([]);
  await chmod(path, 0o644);
  await take({ CAPCLOUD_KEY_FILE: path });
  expect(warnings.join()).toMatch(/chmod 600/);
  await expect(take({ CAPCLOUD_KEY_FILE: `${path}s` })).rejects.toThrow(/cannot be read/);
});

test("a key that a service was handed is not judged by its bits", () => {
  expect(isHandedOver("/run/credentials/capcloud-agent.service/key")).toBe(true);
  expect(isHandedOver("/run/secrets/key")).toBe(true);
  expect(isHandedOver("/run/secrets/../../home/me/key")).toBe(false);
  expect(isHandedOver("/home/me/run/secrets/key")).toBe(false);
});

test("a key that would travel unencrypted is warned of, except on this machine", async () => {
  const environment = { CAPCLOUD_KEY: KEY };
  const edges = ["http://localhost:1", "http://127.0.0.1:1", "https://files.example", "http://files.example"];
  for (const edge of edges)
    await (await settle({ edge }, environment)).agent((sentence) => warnings.push(sentence));
  expect(warnings).toEqual([expect.stringContaining("http://files.example")]);
});

test("each agent has a workspace of its own, whose name does not give its key away", async () => {
  expect((await agent({})).workspace).toBe(join(tmpdir(), "capcloud-agent-a1b2"));
  const other = (await agent({ key: "some-other-kind-of-key" })).workspace;
  expect(other).toMatch(/capcloud-agent-[0-9a-f]{12}$/);
  expect((await agent({ workspace: "/srv/agent" })).workspace).toBe("/srv/agent");
});

test("an agent works at all hours, stays and tells nobody, unless that is asked for", async () => {
  const rest = { hours: null, whenGpuBusy: false, onBattery: false, graceMs: 120_000 };
  expect(await agent({})).toMatchObject({ rest, exitWhenIdleMs: null, health: null, allowRoot: false });
});

test("when to rest and when to end comes from flags, variables and the file alike", async () => {
  const file = { hours: "22:00-07:00", pauseOnBattery: true, exitWhenIdle: 60 };
  const environment = { CAPCLOUD_PAUSE_WHEN_GPU_BUSY: "1", CAPCLOUD_HEALTH: "0.0.0.0:9100" };
  const config = await agent({ restGraceSeconds: "5" }, environment, file);
  expect(config.rest).toMatchObject({ whenGpuBusy: true, onBattery: true, graceMs: 5_000 });
  expect(config.rest.hours?.text).toBe("22:00-07:00");
  expect(config).toMatchObject({ exitWhenIdleMs: 60_000, health: { host: "0.0.0.0", port: 9100 } });
  expect((await agent({ exitWhenIdle: true }, {}, file)).exitWhenIdleMs).toBe(300_000);
  expect((await agent({ exitWhenIdle: "0.5" })).exitWhenIdleMs).toBe(500);
  expect((await agent({}, { CAPCLOUD_PAUSE_ON_BATTERY: "off" }, file)).rest.onBattery).toBe(false);
});

test.each([
  ["9100", { host: "127.0.0.1", port: 9100 }],
  ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
  ["[::1]:9100", { host: "::1", port: 9100 }],
])("the health page of %s is at %j", async (healthPort, door) => {
  expect((await agent({ healthPort })).health).toEqual(door);
});
