/**
 * A systemd unit for this agent: pure text. Hardened as far as the agent's own confinement of ffmpeg allows, which
 * makes user, network, mount and process namespaces and mounts a `/proc` of its own (`ffmpeg/namespaces.ts`).
 */
import { stopSeconds, type ServiceSpec } from "./spec.ts";

export interface UnitSpec extends ServiceSpec {
  /** The program and its arguments, by absolute paths. */
  command: readonly string[];
  /** Of the user's own manager: no user to be chosen, and fewer walls that it could build. */
  forUser: boolean;
  /** Null: a user that exists only while the agent runs. A name: the program lies in that user's home. */
  runAs: string | null;
  /** Groups that own this machine's GPUs. */
  groups: readonly string[];
}

const NAME = "capcloud-agent";

export function systemdUnit(spec: UnitSpec): string {
  return [
    `# Made by \`capcloud-agent service\` ${spec.version}. ${spec.forUser ? USER_HOW : SYSTEM_HOW}`,
    "",
    "[Unit]",
    `Description=CapCloud transcoder agent for ${quoted(spec.edgeHost)}`,
    "Documentation=https://www.npmjs.com/package/capcloud-agent",
    ...(spec.forUser ? [] : ["Wants=network-online.target", "After=network-online.target"]),
    "# An edge that is away for a night is no reason to give up.",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    `ExecStart=${spec.command.map(word).join(" ")}`,
    ...Object.entries(spec.environment).map(([name, value]) => `Environment=${word(`${name}=${value}`)}`),
    ...(spec.forUser ? userLines(spec) : systemLines(spec)),
    "",
    "# Ctrl-C in good order: jobs may finish, the rest is given back, and no tool is killed before that.",
    "KillSignal=SIGTERM",
    "KillMode=mixed",
    `TimeoutStopSec=${stopSeconds(spec)}`,
    "",
    "Restart=on-failure",
    "# Wrong settings, a key that is refused, a machine that can do no job, an agent too old or too new for its edge:",
    "# starting again mends none of them.",
    "RestartPreventExitStatus=2 3 4 5",
    "RestartSec=15",
    "# Grows to five minutes where systemd is 254 or newer; older ones would warn of these:",
    "#RestartSteps=5",
    "#RestartMaxDelaySec=300",
    "",
    "# As much as you want to lend. An encode takes 0.5 GB with two cores, of 4K to 4K 1.5 GB, and more with more cores.",
    "#MemoryMax=4G",
    "#CPUQuota=400%",
    "CPUWeight=50",
    "IOWeight=50",
    "OOMPolicy=continue",
    ...(spec.forUser ? [] : ["", `ProtectHome=${spec.runAs === null ? "yes" : "read-only"}`, ...WALLS]),
    "",
    "[Install]",
    `WantedBy=${spec.forUser ? "default.target" : "multi-user.target"}`,
    "",
  ].join("\n");
}

const SYSTEM_HOW = `To be put in /etc/systemd/system/${NAME}.service.`;
const USER_HOW = `To be put in ~/.config/systemd/user/${NAME}.service.`;

/** The folder of credentials has had this name since systemd 247; the specifier %d came only with 250. */
const CREDENTIAL = `/run/credentials/${NAME}.service/key`;

function systemLines({ keyFile, runAs, groups }: UnitSpec): string[] {
  return [
    ...(runAs === null ? ["DynamicUser=yes"] : [`User=${runAs}`]),
    ...(groups.length === 0 ? [] : [`SupplementaryGroups=${groups.join(" ")}`]),
    "# systemd hands the key over; nobody else needs to be able to read the file.",
    `LoadCredential=key:${escaped(keyFile)}`,
    `Environment=CAPCLOUD_KEY_FILE=${CREDENTIAL}`,
    `CacheDirectory=${NAME}`,
    "CacheDirectoryMode=0700",
    `Environment=XDG_CACHE_HOME=/var/cache/${NAME}`,
    `Environment=CAPCLOUD_WORKSPACE=/var/cache/${NAME}/work`,
  ];
}

function userLines({ keyFile }: UnitSpec): string[] {
  return [`Environment=${word(`CAPCLOUD_KEY_FILE=${keyFile}`)}`, "NoNewPrivileges=yes"];
}

const WALLS = [
  "NoNewPrivileges=yes",
  "ProtectSystem=strict",
  "PrivateTmp=yes",
  "PrivateMounts=yes",
  "ProtectKernelModules=yes",
  "ProtectControlGroups=yes",
  "ProtectHostname=yes",
  "LockPersonality=yes",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "RemoveIPC=yes",
  "UMask=0077",
  "CapabilityBoundingSet=",
  "AmbientCapabilities=",
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
  "SystemCallArchitectures=native",
  "SystemCallFilter=~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap",
  "SystemCallErrorNumber=EPERM",
  "# The agent confines ffmpeg in namespaces of its own, so these four must be allowed. For the same reason",
  "# ProtectProc, ProtectKernelTunables and ProtectKernelLogs are left out: over a /proc with parts hidden the",
  "# kernel lets nobody mount another one. ProtectClock and PrivateDevices would take the GPU away.",
  "RestrictNamespaces=user net mnt pid",
];

/** One word of a command line or an assignment: specifiers, variables and quotes mean themselves. */
function word(text: string): string {
  const safe = escaped(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("$", "$$$$");
  return /[\s"'\\;#]/.test(safe) || safe === "" ? `"${safe}"` : safe;
}

function escaped(text: string): string {
  return text.replaceAll("%", "%%");
}

/** In running text. */
function quoted(text: string): string {
  return escaped(text).replaceAll(/\s+/g, " ");
}
