/** An agent's whole life: it asks to be let in, is confirmed, works, and is shown the door. Real edge, real agent. */
import { spawn, type ChildProcess } from "node:child_process";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { root } from "../../scripts/build-worker.ts";
import { makeClip } from "./footage.ts";
import { openHouse, until, type House } from "./house.ts";

/** From the operator's word to the process's end. */
const REVOKED_WITHIN_MS = 5_000;

const Views = z.object({
  agents: z.array(z.object({ id: z.string(), label: z.string(), state: z.string(), done: z.number() })),
});
const Settings = z.object({ keyFile: z.string() });

let house: House;
let home: string;
const machines: ChildProcess[] = [];
beforeAll(async () => {
  house = await openHouse();
  home = await mkdtemp(join(tmpdir(), "enroll-journey-"));
});
afterAll(async () => {
  for (const machine of machines) machine.kill("SIGKILL");
  await house.close();
  await rm(home, { recursive: true, force: true });
});

function enroll(...args: string[]) {
  const cli = join(root, "transcoder-agent/src/cli.ts");
  const machine = spawn(process.execPath, [cli, "enroll", "--edge", house.url, ...args], {
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, "config"), CAPCLOUD_ALLOW_ROOT: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  machines.push(machine);
  let said = "";
  machine.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return {
    said: () => said,
    code: () => until("the code", async () => /code=([A-Z0-9]{4}-[A-Z0-9]{4})/.exec(said)?.[1]),
    exit: async (limitMs?: number) => {
      await until("the machine's end", async () => machine.exitCode !== null, limitMs);
      return machine.exitCode;
    },
  };
}

function operator(path: string, method = "GET", body?: unknown): Promise<Response> {
  return fetch(house.url + path, {
    method,
    headers: { authorization: `Bearer ${house.edge.operatorToken}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function agents() {
  return Views.parse(await (await operator("/api/agents")).json()).agents;
}

test("a machine enrols, is confirmed, works, and ends within seconds of being revoked", async () => {
  const machine = enroll("--label", "garage", "--run", "--workspace", join(home, "work"));
  const code = await machine.code();
  expect(await (await operator(`/api/enrolments/${code}/request`)).json()).toMatchObject({
    label: "garage",
    platform: `${process.platform}-${process.arch}`,
    state: "waiting",
  });
  const confirmed = await operator(`/api/enrolments/${code}/confirm`, "POST", { label: "the garage" });
  expect(confirmed.status).toBe(200);
  const online = await until("the agent is online", async () =>
    (await agents()).find(({ state }) => state === "online"),
  );
  expect(online.label).toBe("the garage");
  const { id } = await house.upload(await makeClip(join(home, "clip.mp4"), { seconds: 2 }));
  await house.settled(id);
  await until("its work is counted", async () => (await agents()).some(({ done }) => done > 0));

  expect((await operator(`/api/agents/${online.id}`, "DELETE")).status).toBe(204);
  expect(await machine.exit(REVOKED_WITHIN_MS)).toBe(3);
  expect(machine.said()).toMatch(/revoked/);
  const { keyFile } = Settings.parse(
    JSON.parse(await readFile(join(home, "config", "capcloud-agent.json"), "utf8")),
  );
  expect(machine.said()).not.toContain((await readFile(keyFile, "utf8")).trim());
});

test("a machine that is declined ends with code 3 and no key", async () => {
  const keyFile = join(home, "other.key");
  const machine = enroll("--key-file", keyFile);
  const declined = await operator(`/api/enrolments/${await machine.code()}/decline`, "POST");
  expect(declined.status).toBe(204);
  expect(await machine.exit()).toBe(3);
  expect(machine.said()).toMatch(/declined/);
  await expect(access(keyFile)).rejects.toThrow();
});
