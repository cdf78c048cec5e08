/** What a unit must know of the machine it is made on: where the program lies, whose it is, who may use its GPUs. */
import { readdir, readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

/** Node and the program, as this process was started. */
export function ownProgram(): [string, string] {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return [process.execPath, fileURLToPath(new URL(`../cli.${extension}`, import.meta.url))];
}

/** Folders that other users may not look into. */
export function liesInHome(paths: readonly string[]): boolean {
  return paths.some((path) => /^\/(home|root|Users)(\/|$)/.test(path));
}

/** Names of the groups that own the render devices here: a group that does not exist would keep a unit from starting. */
export async function gpuGroups(devices = "/dev/dri", groups = "/etc/group"): Promise<string[]> {
  const names = (await readdir(devices).catch(() => [])).filter((name) => /^(renderD|card)\d+$/.test(name));
  const ids = new Set<string>();
  for (const name of names) ids.add(String((await stat(join(devices, name))).gid));
  const rows = (await readFile(groups, "utf8").catch(() => "")).split("\n").map((line) => line.split(":"));
  return rows.flatMap(([name, , id]) =>
    name !== undefined && name !== "root" && ids.has(id ?? "") ? [name] : [],
  );
}
