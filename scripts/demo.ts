/**
 * `npm run demo`: a local edge and one agent in a temporary folder; makes a clip and a photo, uploads both by
 * curl, shows progress, prints every link and what was made. `--keep` stays up, `--file PATH` takes your own
 * file instead of the clip, `--json` prints one JSON object as the last line.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type FileRecord, readRecord, untilSettled, uploadByCurl } from "./demo/follow.ts";
import { linkLines, progressLine, table } from "./demo/report.ts";
import { makeClip, makePhoto } from "./demo/samples.ts";
import { startLocalAgent } from "./local-agents.ts";
import { startLocalEdge } from "./local-edge.ts";
import { onStop } from "./on-stop.ts";
import { CURL, ensureTools, FFMPEG } from "./system-tools.ts";

const { values: options } = parseArgs({
  options: { keep: { type: "boolean" }, json: { type: "boolean" }, file: { type: "string" } },
});
/** With --json standard output holds only that line. */
const say = (text: string) => (options.json ? process.stderr : process.stdout).write(`${text}\n`);
const LIMIT_MS = options.file ? 3_600_000 : 300_000;

const cleanUps: (() => Promise<void>)[] = [];
const cleanUp = async () => {
  for (const step of cleanUps.splice(0).toReversed()) await step();
};
onStop(cleanUp, options.keep ? 0 : 130);

try {
  const ok = await demo();
  if (options.keep) say("Everything stays up until Ctrl-C.");
  else {
    await cleanUp();
    process.exit(ok ? 0 : 1);
  }
} catch (error) {
  say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  await cleanUp();
  process.exit(1);
}

async function demo(): Promise<boolean> {
  if (options.file !== undefined && !existsSync(options.file))
    throw new Error(`There is no file ${options.file}.`);
  ensureTools([FFMPEG, CURL]);
  const dataDir = await mkdtemp(join(tmpdir(), "capcloud-demo-"));
  cleanUps.push(() => rm(dataDir, { recursive: true, force: true }));
  say("Starting a local edge (workerd with D1, a Durable Object and two R2 shards) and one agent …");
  const edge = await startLocalEdge({ dataDir, cron: true });
  cleanUps.push(() => edge.stop());
  const agent = await startLocalAgent(edge, { name: "demo", dataDir, output: "pipe" });
  cleanUps.push(() => agent.stop());

  say(options.file ? "Making a photo …" : "Making a short clip and a photo …");
  const clipPath = options.file ? resolve(options.file) : await makeClip(dataDir);
  const photoPath = await makePhoto(dataDir);
  const clip = await upload(clipPath, edge.url);
  const photo = await upload(photoPath, edge.url);
  say("The links work already. Renditions follow:");
  const both = async () => [await follow(edge.url, clip.id), await follow(edge.url, photo.id)] as const;
  const records = await Promise.race([both(), agent.died]);
  say(`\n${table([...records])}\n`);
  const result = summary(edge.url, clip, records[0], photo, records[1]);
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return result.ok;
}

async function upload(path: string, host: string) {
  say(`\n$ curl -T ${path} ${host}/`);
  const answer = await uploadByCurl(path, host);
  const record = await readRecord(host, answer.id);
  say(linkLines(answer, host, !options.file && record.name.endsWith(".mp4")).join("\n"));
  return answer;
}

async function follow(host: string, id: string): Promise<FileRecord> {
  const stream = options.json ? process.stderr : process.stdout;
  const line = progressLine((text) => stream.write(text), stream.isTTY);
  const started = Date.now();
  const record = await untilSettled(host, id, LIMIT_MS, (now) => line(now, (Date.now() - started) / 1_000));
  if (stream.isTTY) stream.write("\n");
  return record;
}

type Answer = Awaited<ReturnType<typeof uploadByCurl>>;

function summary(host: string, clip: Answer, clipRecord: FileRecord, photo: Answer, photoRecord: FileRecord) {
  const find = (record: FileRecord, kind: string) =>
    record.renditions.find((one) => one.kind === kind)?.url ?? null;
  const rungs = clipRecord.renditions.filter((one) => one.kind === "rung" && one.state === "ready");
  return {
    ok: clipRecord.status === "ready" && photoRecord.status === "ready",
    host,
    clip: {
      page: clip.url,
      raw: clip.raw_url,
      master: `${host}/${clip.id}/hls/master.m3u8`,
      mp4: `${host}/${clip.id}/video.mp4`,
      thumbnail: clip.thumbnail_url,
      status: clipRecord.status,
      rungs: rungs.map((one) => one.name),
    },
    photo: {
      page: photo.url,
      raw: photo.raw_url,
      thumbnail: photo.thumbnail_url,
      preview: find(photoRecord, "preview"),
      blurhash: photoRecord.blurhash ?? null,
    },
  };
}
