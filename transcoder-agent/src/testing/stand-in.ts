/** Programs with intentions of their own in the place of ffmpeg and ffprobe; for tests of what holds tools. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { useTools } from "../ffmpeg/confinement.ts";
import type { Invocation } from "../ffmpeg/invocation.ts";
import { runFfprobe } from "../ffmpeg/run.ts";

export interface StandIn {
  folder: string;
  /** Where a run of ffmpeg writes to. */
  job: string;
  /** Puts a bash script in the place of both tools. Inside there is no /dev; bash opens sockets by itself. */
  disguise(...lines: string[]): Promise<void>;
  /** What such a script says when it runs as ffprobe. */
  said(...lines: string[]): Promise<string>;
  /** The command for a line of the next script that runs this: Perl opens /dev/null for what it gets by a word. */
  perl(text: string): Promise<string>;
  /** A run that may write to the job's folder. */
  writing: Invocation;
  close(): Promise<void>;
}

export async function openStandIn(): Promise<StandIn> {
  const folder = await mkdtemp(join(tmpdir(), "capcloud-confined-"));
  const job = join(folder, "job");
  await mkdir(job);
  let programs = 0;
  const place = async () => {
    const bin = join(folder, `bin-${programs}`);
    await mkdir(bin, { recursive: true });
    return bin;
  };
  const disguise = async (...lines: string[]) => {
    const path = join(await place(), "tool");
    programs += 1;
    await writeFile(path, ["#!/bin/bash", ...lines, ""].join("\n"));
    await chmod(path, 0o755);
    useTools({ ffmpeg: path, ffprobe: path });
  };
  return {
    folder,
    job,
    disguise,
    async said(...lines) {
      await disguise(...lines);
      return (await runFfprobe([])).text;
    },
    async perl(text) {
      const path = join(await place(), "program.pl");
      await writeFile(path, text);
      return `perl ${path}`;
    },
    writing: { inputs: [{ options: [], url: "x" }], outputs: [{ options: [], path: join(job, "out.mp4") }] },
    async close() {
      useTools({ ffmpeg: "ffmpeg", ffprobe: "ffprobe" });
      await rm(folder, { recursive: true, force: true });
    },
  };
}
