/**
 * `capcloud-agent service`: a systemd unit, or a Dockerfile with a compose file, with the settings of this call filled
 * in. Writes where it is told to; installs and starts nothing.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { composeFile, dockerfile } from "../service/docker.ts";
import type { ServiceSpec } from "../service/spec.ts";
import { systemdUnit, type UnitSpec } from "../service/systemd.ts";
import { gpuGroups, liesInHome, ownProgram } from "../service/this-machine.ts";
import { ConfigError, SETTINGS, type SettingName } from "../settings/settings.ts";
import { VERSION } from "../version.ts";
import { gather, type Options } from "./gather.ts";
import { throughNpx } from "./own-command.ts";

export interface ServiceFlags {
  systemd?: true;
  docker?: true;
  user?: true;
  output: string;
}

/** What a service has from elsewhere: the key from its file, the folder and the right to be root from its unit. */
const NOT_PASSED_ON: ReadonlySet<SettingName> = new Set(["key", "keyFile", "workspace", "allowRoot"]);

export async function service(flags: Options, own: ServiceFlags): Promise<number> {
  if (own.systemd && own.docker) throw new ConfigError("Give either --systemd or --docker, not both.");
  if (own.docker && own.user) throw new ConfigError("--user is for --systemd alone: leave it out.");
  const spec = await specOf(flags);
  await (own.docker ? makeDocker(spec, own.output) : makeUnit(spec, own.user === true, own.output));
  return 0;
}

async function specOf(flags: Options): Promise<ServiceSpec> {
  const settings = await gather(flags);
  const keyFile = settings.given("keyFile");
  if (keyFile === null) {
    throw new ConfigError(
      "A service needs its key in a file: `capcloud-agent enroll` makes one, or name yours with --key-file.",
    );
  }
  // What is wrong is better said now than by a service at night.
  const config = await settings.agent(say);
  const names = (Object.keys(SETTINGS) as SettingName[]).filter((name) => !NOT_PASSED_ON.has(name));
  const environment = Object.fromEntries(
    names.flatMap((name) => {
      const value = settings.given(name);
      return value === null ? [] : [[SETTINGS[name], value]];
    }),
  );
  return {
    version: VERSION,
    edgeHost: config.edge.host,
    environment,
    keyFile: resolve(keyFile),
    drainSeconds: config.drainMs / 1_000,
    healthPort: config.health?.port ?? null,
  };
}

async function makeUnit(spec: ServiceSpec, forUser: boolean, output: string): Promise<void> {
  if (throughNpx()) {
    throw new ConfigError(
      "What npx fetched does not stay: install it first (sudo npm install -g capcloud-agent), then: capcloud-agent service",
    );
  }
  const command = ownProgram();
  const runAs = forUser || !liesInHome(command) ? null : userInfo().username;
  if (runAs === "root") {
    throw new ConfigError(
      `${command.join(" and ")}: what lies in root's home can be started by root alone. Install Node and capcloud-agent for everybody, or make the unit as the user who is to run it.`,
    );
  }
  const unit: UnitSpec = { ...spec, command, forUser, runAs, groups: forUser ? [] : await gpuGroups() };
  await put(output, systemdUnit(unit));
  say(forUser ? userSteps(output) : systemSteps(output));
}

async function makeDocker(spec: ServiceSpec, output: string): Promise<void> {
  const files = { Dockerfile: dockerfile(spec), "compose.yaml": composeFile(spec) };
  for (const [name, text] of Object.entries(files)) {
    if (output === "-") process.stdout.write(`# ──── ${name}\n${text}\n`);
    else await put(join(output, name), text);
  }
  say(
    `\nThen, in the folder with both: docker compose up -d --build\nBoth are untried by us: tell us if they fail you.`,
  );
}

async function put(output: string, text: string): Promise<void> {
  if (output === "-") return void process.stdout.write(text);
  try {
    await mkdir(dirname(resolve(output)), { recursive: true });
    await writeFile(output, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${output} cannot be written (${reason}): give another --output.`);
  }
  say(`Written: ${resolve(output)}`);
}

function systemSteps(output: string): string {
  const path = "/etc/systemd/system/capcloud-agent.service";
  const move =
    output === "-"
      ? `capcloud-agent service | sudo tee ${path}`
      : `sudo install -m 644 ${resolve(output)} ${path}`;
  return [
    "",
    "To have it work from now on, after every restart of this machine:",
    "",
    ...(resolve(output) === path ? [] : [`    ${move}`]),
    "    sudo systemctl daemon-reload && sudo systemctl enable --now capcloud-agent",
    "    journalctl -fu capcloud-agent",
    "",
  ].join("\n");
}

function userSteps(output: string): string {
  const path = "~/.config/systemd/user/capcloud-agent.service";
  return [
    "",
    "To have it work from now on, also while you are not signed in:",
    "",
    ...(output === "-" ? [`    capcloud-agent service --user --output ${path}`] : []),
    "    systemctl --user daemon-reload && systemctl --user enable --now capcloud-agent",
    "    loginctl enable-linger",
    "",
  ].join("\n");
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
