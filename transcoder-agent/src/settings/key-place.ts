/**
 * Where a key and the settings that name it are kept: a file that only this user can read, and the settings file
 * with what else it held. Used by `cli/enroll.ts` and never prints a key.
 */
import { randomBytes } from "node:crypto";
import { access, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { ConfigError } from "./settings.ts";

const OWNER_ONLY = 0o600;

/** One key per edge: a machine may lend itself to several. */
export function keyPathFor(edge: URL, folder: string): string {
  const name = edge.host.replaceAll(/[^A-Za-z0-9.-]/g, "_");
  return join(folder, "capcloud-agent", `${name}.key`);
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Throws, before anybody is asked for anything, where the file could not be written. */
export async function demandWritable(path: string): Promise<void> {
  const probe = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await (await open(probe, "wx", OWNER_ONLY)).close();
    await rm(probe);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${path} cannot be written (${reason}): give another place with --key-file.`);
  }
}

/** Whole or not at all, and never readable by others, not even for a moment. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const aside = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    const file = await open(aside, "wx", OWNER_ONLY);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

const Held = z.record(z.string(), z.unknown());

/** Puts entries into the settings file beside what it holds. Answers the edge that it named before, if another. */
export async function updateSettings(path: string, entries: Record<string, string>): Promise<string | null> {
  const text = await readFile(path, "utf8").catch(() => "{}");
  const parsed = Held.safeParse(jsonOf(text));
  if (!parsed.success) throw new ConfigError(`${resolve(path)} must hold one JSON object.`);
  const { edge } = parsed.data;
  await writePrivate(path, `${JSON.stringify({ ...parsed.data, ...entries }, null, 2)}\n`);
  return typeof edge === "string" && edge !== entries["edge"] ? edge : null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
