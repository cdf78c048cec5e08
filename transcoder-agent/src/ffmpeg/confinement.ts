/**
 * How tools are confined on this machine: the most that works here, found by trial before the first run. Namespaces
 * and limits, or limits alone, or only what any system does; `check` and each hello say which. Used by
 * `run.ts`, which starts the tools, and by those who serve inputs to them.
 */
import type { Server } from "node:http";
import { DISK_MARGIN_BYTES, freeBytes } from "../machine/disk.ts";
import { JobError } from "../errors.ts";
import { chainGuard, findProgram, guardianGuard, type Guard } from "./guard.ts";
import { FILE_BYTES, limitOptions } from "./limits.ts";
import { Namespaces, step } from "./namespaces.ts";
import { explain, isHeld } from "./obstacles.ts";
import { countsApart, roomHere, systemHere } from "./surroundings.ts";
import type { View } from "./view.ts";

export interface Confinement {
  /** As a hello tells it. */
  word: "namespaces" | "limits" | "environment";
  /** As `check` tells it. */
  sentence: string;
  /** Runs that use a GPU have limits only. */
  devicesOut: boolean;
}

interface Found extends Omit<Confinement, "devicesOut"> {
  namespaces: Namespaces | null;
  limits: boolean;
}

/** Kept free while a tool writes: half of what was free besides the inputs when the job began. */
const RESERVE_BYTES = DISK_MARGIN_BYTES / 2;
/** A run that writes no file still has its root put together. */
const NO_FILE_BYTES = 1_024 * 1_024;
/** Whether a program finds all that it needs; what it answers is its own affair. */
const STARTS = '"$0" -version; [ $? -lt 126 ]';
const NOTHING: View = { reads: [], writes: [], devices: false };

const settings = {
  tools: { ffmpeg: "ffmpeg", ffprobe: "ffprobe" },
  most: process.env["CAPCLOUD_SANDBOX"] === "limits" ? ("limits" as const) : ("namespaces" as const),
  devicesOut: false,
  /** Namespaces have been seen to work here. */
  proven: false,
};
let found: Promise<Found> | null = null;
const admitted = new Map<number, Server>();

export type Tool = keyof typeof settings.tools;

/** Other programs than those on the PATH. */
export function useTools(paths: Partial<typeof settings.tools>): void {
  Object.assign(settings.tools, paths);
  settings.proven = false;
  forget();
}

/** No more than this, whatever the machine could do. */
export function confineAtMost(most: "namespaces" | "limits"): void {
  Object.assign(settings, { most, proven: false });
  forget();
}

/** Runs that use a GPU stay outside the namespaces: its driver does not work within. */
export function letDevicesOut(out: boolean): void {
  settings.devicesOut = out;
}

/** How tools are confined here. */
export async function confinement(): Promise<Confinement> {
  const { word, sentence, namespaces } = await find();
  const devicesOut = namespaces !== null && settings.devicesOut;
  const more = devicesOut ? "; runs on the GPU have limits only, since its driver does not work inside" : "";
  return { word, sentence: `${sentence}${more}`, devicesOut };
}

/** Lets tools reach a server of this process that listens on 127.0.0.1; they reach nothing else. */
export async function admitToTools(server: Server): Promise<void> {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("only a listening server has a port");
  const { port } = address;
  admitted.set(port, server);
  server.once("close", () => void dismiss(port));
  await (await find()).namespaces?.admit(server, port);
}

async function dismiss(port: number): Promise<void> {
  admitted.delete(port);
  await (await found)?.namespaces?.dismiss(port);
}

/** What to start the tool behind. `fileBytes`: the most that one file may become. */
export async function guardFor(
  tool: Tool,
  view: View,
  wish: { wallMs: number; fileBytes?: number | undefined },
): Promise<Guard> {
  const { namespaces, limits } = await find();
  const path = settings.tools[tool];
  if (!limits) return withTool(guardianGuard(), path);
  const inside = namespaces !== null && !(view.devices && settings.devicesOut) ? namespaces : null;
  const fileBytes = await roomFor(view, Math.max(FILE_BYTES, wish.fileBytes ?? 0));
  const counted = inside !== null && countsApart();
  const options = limitOptions(roomHere(), {
    ...{ wallMs: wish.wallMs, fileBytes, devices: view.devices, counted },
  });
  const chain =
    inside === null ? outside(view, options) : { powers: [], limits: options, inner: inside.confine(view) };
  return withTool(chainGuard(process.env, chain), findProgram(path) ?? path);
}

/** Nobody gains powers by a program; root's own go too. Drivers may have to make their device files. */
function outside(view: View, limits: readonly string[]) {
  const root = process.getuid?.() === 0;
  const powers = root
    ? ["--inh-caps", "-all", "--bounding-set", "-all", "--no-new-privs"]
    : ["--no-new-privs"];
  return { powers: view.devices ? [] : powers, limits, inner: [] };
}

function withTool(guard: Guard, path: string): Guard {
  return { ...guard, prefix: [...guard.prefix, path] };
}

/** The disk is never filled to its end by a tool. */
async function roomFor({ writes }: View, wish: number): Promise<number> {
  const [folder] = writes;
  if (folder === undefined) return NO_FILE_BYTES;
  const free = await freeBytes(folder);
  return Math.max(NO_FILE_BYTES, Math.min(wish, free - RESERVE_BYTES));
}

/** Whether so little is left of the disk that what writes to it must end. */
export async function isFull(folder: string): Promise<boolean> {
  return (await freeBytes(folder)) < RESERVE_BYTES / 2;
}

function forget(): void {
  const before = found;
  found = null;
  void before?.then(({ namespaces }) => namespaces?.close());
}

function find(): Promise<Found> {
  found ??= tryAll();
  return found;
}

async function tryAll(): Promise<Found> {
  const guard = process.platform === "linux" ? await worksHere() : "no Linux";
  if (guard !== null) return lesser("environment", "a bare environment and a time limit only", guard);
  try {
    const namespaces = await openNamespaces();
    for (const [port, server] of admitted) await namespaces.admit(server, port);
    settings.proven = true;
    void watchOver(namespaces);
    const missing = countsApart() ? "" : ", none on processes before Linux 5.14";
    const sentence = `no network, read-only files, limits (user namespaces${missing})`;
    return { word: "namespaces", sentence, namespaces, limits: true };
  } catch (error) {
    return lesser("limits", "limits only", error instanceof Error ? error.message : String(error));
  }
}

/** What is left where namespaces do not work. */
function lesser(word: "limits" | "environment", left: string, reason: string): Found {
  if (settings.proven) {
    // The edge was told that tools are confined: nothing is run otherwise, and the next run tries again.
    found = null;
    throw new JobError("tool_missing", `Tools can no longer be confined: ${reason}`);
  }
  return { word, sentence: `${left}: ${explain(reason)}`, namespaces: null, limits: word === "limits" };
}

/** When the holder was killed, the next run makes the room anew. */
async function watchOver(namespaces: Namespaces): Promise<void> {
  await namespaces.gone;
  if ((await found)?.namespaces === namespaces) found = null;
}

/** Null where tools can be tied to the agent and limited. */
async function worksHere(): Promise<string | null> {
  const options = limitOptions(roomHere(), {
    wallMs: 1_000,
    fileBytes: NO_FILE_BYTES,
    devices: false,
    counted: false,
  });
  const { command, prefix } = chainGuard(process.env, outside(NOTHING, options));
  return step([command, ...prefix, "true"]).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** With a `/proc` of its own where the system lets us mount one. */
async function openNamespaces(): Promise<Namespaces> {
  if (settings.most === "limits") throw new Error(isHeld);
  const program = findProgram(settings.tools.ffmpeg) ?? "true";
  let failure: unknown;
  for (const ownProc of [true, false]) {
    const namespaces = await Namespaces.open(systemHere(Object.values(settings.tools), ownProc));
    try {
      await step([...namespaces.confine(NOTHING), "sh", "-c", STARTS, program]);
      return namespaces;
    } catch (error) {
      namespaces.close();
      failure = error;
    }
  }
  throw failure;
}
