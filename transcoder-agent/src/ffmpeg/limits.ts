/**
 * How much of the machine one run of a tool may take, as options of `prlimit`. Pure; `confinement.ts` puts
 * them before the tool. Far above what an honest film takes: these stop a hostile file, they schedule nothing.
 */

export interface Room {
  cores: number;
  memoryBytes: number;
  /** Hard limits that this process has itself, by the kernel's names for them; absent: unlimited. */
  hard: ReadonlyMap<string, number>;
}

export interface Allowance {
  /** The run is ended after this by the agent's own clock; the limit on processor time is behind it. */
  wallMs: number;
  /** The largest file it may write. */
  fileBytes: number;
  /** A GPU is used: what its drivers take of memory depends on the driver, so that is not limited. */
  devices: boolean;
  /** Its processes are counted apart from those of the agent's user. */
  counted: boolean;
}

const GIBIBYTE = 1_024 ** 3;
/**
 * Measured with x264 at 2160p, 1080p, 720p and 480p from one 4K film: 1.8 GiB of data with 2 cores, 15 GiB with
 * 64 threads for each encoder and decoder. 8K takes four times the base.
 */
const DATA_BYTES = { base: 6 * GIBIBYTE, perCore: GIBIBYTE, least: 2 * GIBIBYTE };
/** Of all memory: what else runs here must live. */
const MEMORY_SHARE = 0.9;
/** Of all runs together; threads count. One run was seen with 365 where 64 for each encoder were asked for. */
const PROCESSES = { base: 512, perCore: 256 };
const OPEN_FILES = 512;
/** Seconds beyond all cores at work from beginning to end. */
const SPARE_SECONDS = 60;

/** What a run may write unless more was said; a film that is copied may be as large as it was. */
export const FILE_BYTES = 16 * GIBIBYTE;

export function limitOptions(room: Room, { wallMs, fileBytes, devices, counted }: Allowance): string[] {
  const processes = PROCESSES.base + PROCESSES.perCore * room.cores;
  const wishes: [option: string, name: string, value: number | null][] = [
    ["core", "Max core file size", 0],
    ["nofile", "Max open files", OPEN_FILES],
    ["fsize", "Max file size", fileBytes],
    ["cpu", "Max cpu time", Math.ceil(wallMs / 1_000) * room.cores + SPARE_SECONDS],
    ["data", "Max data size", devices ? null : dataBytes(room)],
    ["nproc", "Max processes", counted ? processes : null],
  ];
  return wishes.flatMap(([option, name, value]) =>
    value === null ? [] : [`--${option}=${Math.min(value, room.hard.get(name) ?? Infinity)}`],
  );
}

/** Private memory that can be written to (RLIMIT_DATA): address space alone says nothing with many threads. */
function dataBytes({ cores, memoryBytes }: Room): number {
  const wish = DATA_BYTES.base + DATA_BYTES.perCore * cores;
  return Math.floor(Math.max(DATA_BYTES.least, Math.min(wish, memoryBytes * MEMORY_SHARE)));
}

/** Reads `/proc/self/limits`: what a process may not raise again. */
export function parseHardLimits(text: string): Map<string, number> {
  const limits = new Map<string, number>();
  for (const line of text.split("\n").slice(1)) {
    const [name, , hard] = line.split(/ {2,}/);
    if (name !== undefined && hard !== undefined && /^\d+$/.test(hard)) limits.set(name, Number(hard));
  }
  return limits;
}
