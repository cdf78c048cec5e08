/**
 * Finds out how this machine tells whether its GPU is busy, and reads it: `nvidia-smi`, or `gpu_busy_percent` as
 * amdgpu gives it. Asked by `keeper.ts` every few seconds and by `capcloud-agent check`; changes nothing.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { largestNumber, othersShare, parsePmon, type OthersShare } from "./gpu-use.ts";
import { askNvidia } from "./nvidia.ts";

export interface GpuSight {
  by: "nvidia-smi" | "gpu_busy_percent" | null;
  /** `working`: this agent has jobs, so what the GPU does may be ours. */
  read: (working: boolean) => Promise<OthersShare>;
}

export interface SightOptions {
  ask?: typeof askNvidia;
  /** Of sysfs. */
  cards?: string;
}

const WHOLE = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"] as const;
/** One reading of what each process takes. */
const BY_PROCESS = ["pmon", "-c", "1", "-s", "u"] as const;

export async function findGpuSight(options: SightOptions = {}): Promise<GpuSight> {
  const { ask = askNvidia, cards = "/sys/class/drm" } = options;
  if ((await ask(WHOLE)) !== null) {
    return { by: "nvidia-smi", read: (working) => readNvidia(ask, working) };
  }
  const files = await busyFiles(cards);
  if (files.length === 0) return { by: null, read: async () => null };
  // This number does not say whose work it is.
  return { by: "gpu_busy_percent", read: async (working) => (working ? null : largestIn(files)) };
}

async function readNvidia(ask: typeof askNvidia, working: boolean): Promise<OthersShare> {
  const [listed, whole] = await Promise.all([ask(BY_PROCESS), ask(WHOLE)]);
  // Where the system does not tell whose child a process is, ours could not be told from others'.
  const processes = (await tellsParents()) ? parsePmon(listed ?? "") : [];
  const ours = new Set<number>();
  for (const { pid } of processes) if (await descends(pid, process.pid)) ours.add(pid);
  return othersShare(processes, (pid) => ours.has(pid), largestNumber(whole ?? ""), working);
}

async function busyFiles(cards: string): Promise<string[]> {
  const names = await readdir(cards).catch(() => []);
  const paths = names
    .filter((name) => /^card\d+$/.test(name))
    .map((name) => join(cards, name, "device", "gpu_busy_percent"));
  const found = await Promise.all(paths.map(async (path) => (await numberIn(path)) !== null));
  return paths.filter((_, index) => found[index]);
}

async function largestIn(files: readonly string[]): Promise<number | null> {
  const numbers = await Promise.all(files.map(numberIn));
  return numbers.reduce<number | null>((most, one) => (one === null ? most : Math.max(most ?? 0, one)), null);
}

async function numberIn(path: string): Promise<number | null> {
  return largestNumber(await readFile(path, "utf8").catch(() => ""));
}

async function tellsParents(): Promise<boolean> {
  return readFile("/proc/self/stat").then(
    () => true,
    () => false,
  );
}

/** Whether a process was started by `ancestor`, at whatever distance; needs /proc. */
export async function descends(pid: number, ancestor: number): Promise<boolean> {
  let at = pid;
  while (at > 1) {
    if (at === ancestor) return true;
    const stat = await readFile(`/proc/${at}/stat`, "utf8").catch(() => "");
    // Field 4; the second field, the name, may hold spaces and ends with the last parenthesis.
    at = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
  }
  return false;
}
