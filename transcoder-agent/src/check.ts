/** What `capcloud-agent check` prints: what this machine can do for an edge, and what it lacks. */
import { freeBytes } from "./machine/disk.ts";
import type { Machine } from "./machine/capabilities.ts";
import { mapsTones } from "./ffmpeg/tone-trial.ts";
import { knownEncoders, withoutDevice, type Encoder } from "./ffmpeg/h264.ts";
import { JobKind } from "./protocol.ts";
import { findGpuSight, type GpuSight } from "./rest/gpu-sight.ts";
import { onBattery } from "./rest/power.ts";

export interface Checkup {
  ok: boolean;
  version: string;
  node: string;
  ffmpeg: string | null;
  sharp: string | null;
  /** How ffmpeg is confined here. */
  sandbox: string;
  encoders: string[];
  /** HDR films can be made here. */
  hdr: boolean;
  /** Every way of encoding that we know, and whether it has been seen to work on this machine. */
  pipelines: Pipeline[];
  cores: number;
  memoryBytes: number;
  diskFreeBytes: number;
  /** How it is seen that something else uses the GPU; null: that cannot be told. */
  gpuSeenBy: GpuSight["by"];
  /** Null: there is no battery, or it cannot be told. */
  onBattery: boolean | null;
  workspace: string;
  kinds: JobKind[];
  slots: Machine["slots"];
  troubles: string[];
}

export interface Pipeline {
  name: string;
  /** `failed`: tried here; `untried`: not for this system or its devices, so unproven here. */
  state: "proven" | "failed" | "untried";
  /** Why it failed. */
  reason: string | null;
}

/** What was tried, in the order of preference, then what was not. */
function pipelinesOf(verdicts: Machine["verdicts"]): Pipeline[] {
  const tried = verdicts.map(({ name, reason }): Pipeline => {
    return { name, state: reason === null ? "proven" : "failed", reason };
  });
  const names = new Set(verdicts.map(({ name }) => withoutDevice(name)));
  const untried = knownEncoders().filter((name) => !names.has(name));
  return [...tried, ...untried.map((name): Pipeline => ({ name, state: "untried", reason: null }))];
}

export async function checkUp(machine: Machine, workspace: string, version: string): Promise<Checkup> {
  const { ffmpeg, sharp, encoders, cores, memoryBytes, kinds, slots, troubles, verdicts } = machine;
  const sandbox = machine.sandbox.sentence;
  return {
    ok: JobKind.options.every((kind) => kinds.includes(kind)) && troubles.length === 0,
    version,
    node: process.versions.node,
    ffmpeg,
    sharp,
    sandbox,
    encoders: encoders.map(nameOf),
    hdr: ffmpeg !== null && (await mapsTones()),
    pipelines: pipelinesOf(verdicts),
    cores,
    memoryBytes,
    diskFreeBytes: await freeBytes(workspace),
    gpuSeenBy: (await findGpuSight()).by,
    onBattery: await onBattery(),
    workspace,
    kinds,
    slots,
    troubles,
  };
}

/** With the limit of its driver, where that was found. */
function nameOf({ name, sessions }: Encoder): string {
  return sessions === undefined ? name : `${name} (${sessions} sessions at least)`;
}

/** Whether --pause-when-gpu-busy can do anything here. */
const GPU_SEEN = {
  "nvidia-smi": "seen by nvidia-smi, process by process",
  gpu_busy_percent: "seen by gpu_busy_percent, only while no job runs: it does not say whose work it is",
  none: "cannot be told here (no nvidia-smi, no gpu_busy_percent), so --pause-when-gpu-busy does nothing",
} as const;

const STATES = {
  proven: "proven here",
  failed: "does not work here",
  untried: "not tried: no such device or system",
} as const;

export function formatCheckup(checkup: Checkup): string {
  const gibibytes = (bytes: number) => `${(bytes / 1_024 ** 3).toFixed(1)} GiB`;
  const { slots } = checkup;
  const missing = JobKind.options.filter((kind) => !checkup.kinds.includes(kind));
  const rows: [string, string][] = [
    ["agent", `${checkup.version} on node ${checkup.node}`],
    ["ffmpeg", checkup.ffmpeg ?? "missing"],
    ["sharp", checkup.sharp ?? "missing"],
    ["sandbox", checkup.sandbox],
    ["encoders", checkup.encoders.join(", ") || "none passed a trial"],
    [
      "HDR films",
      checkup.hdr ? "shown in SDR" : "fail here: this ffmpeg lacks zscale, install a fuller build",
    ],
    ["cores", String(checkup.cores)],
    ["memory", gibibytes(checkup.memoryBytes)],
    ["disk", `${gibibytes(checkup.diskFreeBytes)} free at ${checkup.workspace}`],
    ["GPU in use", GPU_SEEN[checkup.gpuSeenBy ?? "none"]],
    ...(checkup.onBattery === null
      ? []
      : [["power", checkup.onBattery ? "on battery" : "from outside"] satisfies [string, string]]),
    ["jobs", checkup.kinds.join(", ") || "none"],
    ["slots", `${slots.cpu} by cores, ${slots.gpu} by GPU, ${slots.io} for reading and writing`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const verdict = checkup.ok
    ? "This machine can do every kind of job."
    : checkup.kinds.length > 0
      ? `This machine cannot do: ${missing.join(", ") || "nothing is missing, but see below"}.`
      : "This machine cannot do any job yet.";
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    "",
    ...checkup.pipelines.map(
      ({ name, state, reason }) =>
        `- ${name}: ${STATES[state]}${reason === null ? "" : ` (${reason.replace(/\.$/, "")})`}`,
    ),
    "",
    verdict,
    ...checkup.troubles.map((sentence) => `- ${sentence}`),
  ].join("\n");
}
