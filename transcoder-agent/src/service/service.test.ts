import { execFile, execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { composeFile, dockerfile } from "./docker.ts";
import type { ServiceSpec } from "./spec.ts";
import { systemdUnit, type UnitSpec } from "./systemd.ts";
import { gpuGroups, liesInHome, ownProgram } from "./this-machine.ts";

const run = promisify(execFile);
const cli = join(import.meta.dirname, "..", "cli.ts");
const SPEC: ServiceSpec = {
  version: "1.2.3",
  edgeHost: "files.example.com",
  environment: {
    CAPCLOUD_EDGE: "https://files.example.com",
    CAPCLOUD_LABEL: 'my "box" at 50 % for $5 \\ night',
  },
  keyFile: "/home/me/.config/capcloud-agent/files.example.com.key",
  drainSeconds: 45.5,
  healthPort: null,
};
const UNIT: UnitSpec = { ...SPEC, command: ownProgram(), forUser: false, runAs: null, groups: [] };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "service-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** The assignments of a unit, in order; comments and sections left out. */
function assignments(unit: string): [string, string][] {
  return unit
    .split("\n")
    .filter((line) => line !== "" && !/^[#[]/.test(line))
    .map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    });
}

const valuesOf = (unit: string, name: string) =>
  assignments(unit).flatMap(([key, value]) => (key === name ? [value] : []));

function hasSystemdAnalyze(): boolean {
  try {
    execFileSync("systemd-analyze", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test.runIf(hasSystemdAnalyze()).each<[string, Partial<UnitSpec>]>([
  ["of the system", {}],
  ["of the system, for a program in a home", { runAs: "daemon", groups: ["video"] }],
  ["of a user", { forUser: true }],
])("systemd finds nothing wrong with a unit %s", async (_what, unlike) => {
  const path = join(folder, "capcloud-agent.service");
  await writeFile(path, systemdUnit({ ...UNIT, ...unlike }));
  const words = ["verify", ...(unlike.forUser ? ["--user"] : []), path];
  const env = { ...process.env, XDG_RUNTIME_DIR: folder };
  const { stdout, stderr } = await run("systemd-analyze", words, { env });
  // What it says of the machine's own units is no concern of ours.
  expect(`${stdout}${stderr}`.split("\n").filter((line) => line.includes("capcloud"))).toEqual([]);
});

test("a unit is walled in as far as the agent's own confinement of ffmpeg allows", () => {
  const unit = systemdUnit(UNIT);
  for (const line of [
    "DynamicUser=yes",
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "CapabilityBoundingSet=",
    // ffmpeg is confined in namespaces that the agent makes.
    "RestrictNamespaces=user net mnt pid",
  ])
    expect(unit.split("\n")).toContain(line);
  const names = assignments(unit).map(([name]) => name);
  // Each would keep the agent from its GPU, its own /proc, or V8 from running at all.
  for (const wall of [
    "MemoryDenyWriteExecute",
    "PrivateDevices",
    "ProtectClock",
    "ProtectProc",
    "PrivateNetwork",
  ])
    expect(names).not.toContain(wall);
});

test("a stop is as patient as the drain, and no tool is killed before the agent", () => {
  const unit = systemdUnit(UNIT);
  expect(valuesOf(unit, "TimeoutStopSec")).toEqual(["76"]);
  expect(valuesOf(unit, "KillMode")).toEqual(["mixed"]);
  expect(valuesOf(unit, "Restart")).toEqual(["on-failure"]);
  expect(valuesOf(unit, "RestartPreventExitStatus")).toEqual(["2 3 4 5"]);
});

test("the key is named and never written; settings mean themselves, whatever is in them", () => {
  const unit = systemdUnit(UNIT);
  expect(unit).toContain(`LoadCredential=key:${SPEC.keyFile}`);
  expect(unit).toContain("CAPCLOUD_KEY_FILE=/run/credentials/capcloud-agent.service/key");
  expect(valuesOf(unit, "Environment")).toContain(
    String.raw`"CAPCLOUD_LABEL=my \"box\" at 50 %% for $$5 \\ night"`,
  );
  const user = systemdUnit({ ...UNIT, forUser: true });
  expect(valuesOf(user, "Environment")).toContain(`CAPCLOUD_KEY_FILE=${SPEC.keyFile}`);
  expect(user).not.toMatch(/^(DynamicUser|User|ProtectSystem|LoadCredential)=/m);
});

test("a program in somebody's home is run as that user, who must be able to read it", () => {
  const unit = systemdUnit({ ...UNIT, runAs: "me", groups: ["render", "video"] });
  expect(unit).toMatch(/^User=me$/m);
  expect(unit).toMatch(/^ProtectHome=read-only$/m);
  expect(unit).toMatch(/^SupplementaryGroups=render video$/m);
  expect(unit).not.toContain("DynamicUser");
  expect(liesInHome(["/usr/bin/node", "/home/me/.npm/x.js"])).toBe(true);
  expect(liesInHome(["/usr/bin/node", "/usr/lib/rooted/home.js"])).toBe(false);
});

test("groups are those that own the render devices of this machine", async () => {
  await writeFile(join(folder, "renderD128"), "");
  await writeFile(join(folder, "groups"), `root:x:0:\nown:x:${process.getgid?.() ?? 0}:\nother:x:4242:\n`);
  expect(await gpuGroups(folder, join(folder, "groups"))).toEqual(["own"]);
  expect(await gpuGroups(join(folder, "none"), join(folder, "groups"))).toEqual([]);
});

test("a container runs as an ordinary user, with the key from outside", () => {
  const file = dockerfile({ ...SPEC, healthPort: 9100 });
  const steps = file.replaceAll("\\\n", "").split("\n");
  expect(
    steps.every((line) => /^(#|FROM|RUN|USER|ENV|VOLUME|HEALTHCHECK|STOPSIGNAL|ENTRYPOINT|$)/.test(line)),
  ).toBe(true);
  expect(steps.indexOf("USER node")).toBeGreaterThan(steps.findIndex((line) => line.includes("npm install")));
  expect(file).toContain("capcloud-agent@1.2.3");
  expect(file).toContain("127.0.0.1:9100/healthz");
  expect(dockerfile(SPEC)).not.toContain("HEALTHCHECK");
  const compose = composeFile(SPEC);
  expect(compose).toContain("stop_grace_period: 76s");
  expect(compose).toContain(String.raw`CAPCLOUD_LABEL: "my \"box\" at 50 % for $$5 \\ night"`);
  expect(compose).toContain(`file: "${SPEC.keyFile}"`);
  expect(compose).not.toMatch(/\t|cca_/);
});

async function service(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const env = { PATH: process.env["PATH"], HOME: folder };
  return run(process.execPath, [cli, "service", ...args], { env }).then(
    (said) => ({ ...said, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
}

test("the command fills in the settings of its call and says what to do with the result", async () => {
  const keyFile = join(folder, "key");
  await writeFile(keyFile, "cca_AbCd_0123456789abcdef\n");
  await chmod(keyFile, 0o600);
  const settings = ["--edge", "https://files.example.com", "--key-file", keyFile, "--hours", "22:00-07:00"];
  const unit = await service(...settings, "--user");
  expect(unit.code).toBe(0);
  expect(valuesOf(unit.stdout, "Environment")).toContain("CAPCLOUD_HOURS=22:00-07:00");
  expect(unit.stdout).toMatch(/^ExecStart=\/.* \/.*cli\.ts$/m);
  expect(unit.stderr).toMatch(/systemctl --user/);
  const docker = await service(...settings, "--docker", "--output", join(folder, "container"));
  expect(docker.code).toBe(0);
  expect((await readdir(join(folder, "container"))).sort()).toEqual(["Dockerfile", "compose.yaml"]);
  const files = await Promise.all(
    ["Dockerfile", "compose.yaml"].map((name) => readFile(join(folder, "container", name), "utf8")),
  );
  expect([unit, docker, ...files].map((one) => JSON.stringify(one)).join()).not.toContain("0123456789abcdef");
});

test("what would not work as a service is said at once, with code 2", async () => {
  const edge = ["--edge", "https://files.example.com"];
  const keyFile = join(folder, "key");
  await writeFile(keyFile, "cca_AbCd_0123456789abcdef\n", { mode: 0o600 });
  const runs = [
    [await service(...edge), /key in a file.*enroll/],
    [await service(...edge, "--key-file", keyFile, "--hours", "?"), /--hours is wrong/],
    [await service(...edge, "--key-file", keyFile, "--docker", "--systemd"), /not both/],
    [await service(...edge, "--key-file", join(folder, "none")), /cannot be read/],
    [
      await service(...edge, "--key-file", keyFile, "--user", "--output", join(keyFile, "x")),
      /another --output/,
    ],
  ] as const;
  for (const [{ code, stderr }, sentence] of runs) {
    expect(stderr).toMatch(sentence);
    expect(code).toBe(2);
  }
});
