/**
 * What ffprobe tells of an input or of its remux, asked once for all jobs of this agent that read it: each asking
 * costs a process and the beginning of the file. Used by the processors.
 */
import { readFile, writeFile } from "node:fs/promises";
import { parseProbed, probeFile, type Probed } from "../ffmpeg/probe.ts";
import type { Source } from "./processor.ts";

/** `made`: name and path of what was derived from the source; none: the source itself. */
export async function probeSource(source: Source, made?: { name: string; path: string }): Promise<Probed> {
  const { name, path: url } = made ?? { name: "source", path: source.url };
  const known = await source.derive(`${name}.json`, async (path, signal) => {
    await writeFile(path, JSON.stringify(await probeFile(url, { signal })));
  });
  return parseProbed(await readFile(known, "utf8"));
}
