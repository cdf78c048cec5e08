/**
 * What users were promised, asked for through the public addresses after all faults: each acknowledged upload byte
 * for byte, each film whole in every rung, each rendition there, each deleted file gone. Answers what does not hold, in
 * sentences.
 */
import { createHash } from "node:crypto";
import { countPackets } from "../bench/kit/ffmpeg.ts";
import { type FileRecord, readRecord } from "../demo/follow.ts";
import type { Kept } from "./load.ts";
import { namedIn } from "./viewer.ts";

const GONE = 410;
const LIMIT_MS = 60_000;

export async function checkFile(host: string, file: Kept): Promise<string[]> {
  const raw = await fetch(file.raw_url, { signal: AbortSignal.timeout(LIMIT_MS) });
  const sha256 = await hashOf(raw);
  if (file.state === "deleted") return raw.status === GONE ? [] : [`deleted, and answers ${raw.status}`];
  if (file.state === "deleting" && raw.status === GONE) return [];
  if (!raw.ok) return [`acknowledged, and its original answers ${raw.status}`];
  if (sha256 !== file.sample.sha256 || file.hash !== `sha256:${sha256}`) return ["its bytes are others now"];
  const record = await readRecord(host, file.id);
  if (file.poison) return record.status !== "ready" ? [] : [`poison, and ended as ${record.status}`];
  const unready = record.renditions.filter(({ state }) => state !== "ready");
  if (record.status !== "ready" || unready.length > 0) return [told(record, unready)];
  const absent = await absentOf(record);
  return [...absent, ...(file.sample.kind === "film" ? await checkFilm(host, file, record) : [])];
}

function told({ status }: FileRecord, unready: FileRecord["renditions"]): string {
  const names = unready.map(
    ({ kind, name, state, reason }) => `${kind} ${name} ${state}: ${reason ?? "no reason"}`,
  );
  return `is ${status} (${names.join("; ")})`;
}

async function absentOf({ renditions }: FileRecord): Promise<string[]> {
  const problems: string[] = [];
  for (const { kind, name, url, size } of renditions) {
    const answer = await fetch(url ?? "", { signal: AbortSignal.timeout(LIMIT_MS) });
    const { byteLength } = await answer.arrayBuffer();
    const whole = kind === "rung" || kind === "track" || size === null || size === byteLength;
    if (!answer.ok || !whole)
      problems.push(`${kind} ${name} answers ${answer.status} with ${byteLength} bytes`);
  }
  return problems;
}

async function checkFilm(host: string, { id, sample }: Kept, { renditions }: FileRecord): Promise<string[]> {
  const problems: string[] = [];
  const master = `${host}/${id}/hls/master.m3u8`;
  for (const list of namedIn(await textOf(master), master)) {
    for (const piece of namedIn(await textOf(list), list)) {
      const answer = await fetch(piece, { signal: AbortSignal.timeout(LIMIT_MS) });
      const { byteLength } = await answer.arrayBuffer();
      if (!answer.ok || byteLength === 0) problems.push(`${piece} answers ${answer.status}`);
    }
  }
  const rungs = renditions.filter(({ kind }) => kind === "rung").map(({ url }) => url ?? "");
  if (rungs.length === 0) problems.push("has no rung");
  for (const address of [...rungs, `${host}/${id}/video.mp4`]) {
    const frames = await countPackets(address).catch(() => Number.NaN);
    if (frames !== sample.frames) problems.push(`${address} has ${frames} of ${sample.frames} frames`);
  }
  return problems;
}

async function textOf(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
  return answer.text();
}

async function hashOf(answer: Response): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of answer.body ?? []) hash.update(chunk);
  return hash.digest("hex");
}
