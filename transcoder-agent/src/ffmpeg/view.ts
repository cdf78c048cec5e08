/**
 * What one run of a tool may see of the disk: the system's programs, the files it reads, the folders it writes
 * to. Pure; `namespaces.ts` makes a root folder of it.
 */
import { dirname, isAbsolute } from "node:path";
import type { Invocation } from "./invocation.ts";

export interface View {
  /** Files, absolute. */
  reads: readonly string[];
  /** Folders, absolute. */
  writes: readonly string[];
  /** A GPU is used: its device files and what its drivers look up must be there. */
  devices: boolean;
}

const DEVICE_OPTIONS = /^-(?:hwaccel|init_hw_device|vaapi_device|qsv_device)$/;
const DEVICE_ENCODERS = /_(?:nvenc|vaapi|qsv|amf)$/;

export function viewOfRun({ inputs, outputs }: Invocation): View {
  const words = [...inputs, ...outputs].flatMap(({ options }) => [...options]);
  return {
    reads: pathsAmong(inputs.map(({ url }) => url)),
    writes: [...new Set(pathsAmong(outputs.map(({ path }) => path)).map((path) => dirname(path)))],
    devices: words.some((word) => DEVICE_OPTIONS.test(word) || DEVICE_ENCODERS.test(word)),
  };
}

/** ffprobe writes nothing. */
export function viewOfProbe(words: readonly string[]): View {
  return { reads: pathsAmong(words.filter((_, at) => words[at - 1] === "-i")), writes: [], devices: false };
}

/** Addresses, pipes and generated pictures are no paths. */
function pathsAmong(names: readonly string[]): string[] {
  return names.filter((name) => isAbsolute(name));
}

/** What programs need besides themselves, of a system's settings: nothing that anybody wrote secrets into. */
export const SYSTEM_FOLDERS: readonly string[] = [
  ...["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"],
  ...["/etc/alternatives", "/etc/ld.so.conf.d", "/etc/OpenCL", "/etc/vulkan", "/etc/glvnd"],
];
export const SYSTEM_FILES: readonly string[] = ["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime"];
/** Only for runs with a GPU; /dev stays as it is, since drivers make their files when they are first used. */
export const DEVICE_FOLDERS: readonly string[] = ["/dev", "/sys", "/etc", "/opt"];

/** Folders in which a root can be put together: of no use to tools, present everywhere, left as they are. */
const STAGES: readonly string[] = ["/mnt", "/media", "/srv", "/boot"];

export interface System {
  folders: readonly string[];
  files: readonly string[];
  deviceFolders: readonly string[];
  /** A `/proc` of its own can be mounted; otherwise the machine's is shown, read-only. */
  ownProc: boolean;
}

/** Where the root of a view can stand: beside everything that is shown in it. */
export function stageOf({ folders }: System, { reads, writes }: View): string | null {
  const shown = [...folders, ...reads, ...writes];
  return STAGES.find((stage) => !shown.some((path) => isWithin(path, stage))) ?? null;
}

/** Files that must be made before something can be mounted on them. */
export function filesOf(system: System, view: View): string[] {
  const folders = [...view.writes, ...system.folders, ...(view.devices ? system.deviceFolders : [])];
  return [...system.files, ...view.reads].filter((file) => !folders.some((folder) => isWithin(file, folder)));
}

/** The mounts of a view as an fstab, parents before children. */
export function mountsOf(system: System, view: View, stage: string): string {
  const devices = view.devices ? system.deviceFolders : [];
  const folders = new Map<string, string>([
    ...system.folders.map((path) => [path, "rbind,ro,nosuid,nodev"] as const),
    ...devices.map((path) => [path, path === "/dev" ? "rbind" : "rbind,ro,nosuid,nodev"] as const),
    ...view.writes.map((path) => [path, "rbind,nosuid,nodev,noexec"] as const),
  ]);
  const sorted = [...folders].toSorted(([one], [other]) => one.length - other.length);
  const quiet = "ro,nosuid,nodev,noexec";
  const line = (what: string, where: string, type: string, options: string) =>
    [escape(what), escape(stage + where), type, options, "0 0"].join(" ");
  return [
    ...sorted.map(([path, options]) => line(path, path, "none", `${options},X-mount.mkdir`)),
    ...filesOf(system, view).map((path) => line(path, path, "none", `rbind,${quiet}`)),
    system.ownProc
      ? line("proc", "/proc", "proc", `${quiet},X-mount.mkdir`)
      : line("/proc", "/proc", "none", `rbind,${quiet},X-mount.mkdir`),
    ...(view.devices ? [line("tmpfs", "/dev/shm", "tmpfs", "size=64m,nosuid,nodev,noexec")] : []),
  ].join("\n");
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? folder : `${folder}/`);
}

/** fstab's own way with blanks. */
function escape(path: string): string {
  return path.replaceAll(
    /[\s\\#]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}
