/**
 * B13: R2 class A operations that a ten-minute film costs, three rungs, sound, mp4 and stills, as they are
 * counted before the storage's S3 door. Few frames a second keep it cheap to encode; noise brings each rung to
 * its ceiling, so that objects have the size of a real film's. What goes through bindings is added from what is
 * known of it: one put of the original, begin and end of each multipart upload.
 */
import { join } from "node:path";
import { SEGMENT_SECONDS } from "#protocol";
import type { Bench, Benchmark, Finding } from "./benchmark.ts";
import { ffmpeg } from "./kit/ffmpeg.ts";
import { openHouse } from "./kit/house.ts";
import { classA } from "./kit/operations.ts";
import { number } from "./kit/report.ts";
import { type Asked, startStorageProxy } from "./kit/storage-proxy.ts";
import { sendFile } from "./kit/upload.ts";

const SECONDS = 600;
const MOST_OPERATIONS = 80;

export const operations: Benchmark = {
  id: "B13",
  title: "R2 class A operations of a ten-minute film",
  run: async (bench) => {
    const proxy = await startStorageProxy();
    bench.defer(() => proxy.stop());
    const house = await openHouse(bench, { storage: proxy });
    await house.startAgent("operations");
    const path = join(bench.folder, "long.mp4");
    await makeSparseFilm(path, bench.pick(2, 1));
    const sent = await sendFile(house.url, path);
    bench.say("waiting for a film of ten minutes");
    const { record } = await house.untilRecord(sent.id, ({ status }) => status !== "processing");
    const rungs = record.renditions.filter(({ kind, state }) => kind === "rung" && state === "ready");
    const ready = {
      pass: record.status === "ready" && rungs.length === 3,
      said: `${record.status}, ${rungs.length} rungs`,
    };
    const objects = await countObjects(bench, house.edge);
    return [findingOf(proxy.asked, rungs.length, objects, ready)];
  },
};

async function makeSparseFilm(path: string, rate: number): Promise<void> {
  const picture = `testsrc2=s=1920x1080:r=${rate}:d=${SECONDS},noise=alls=60:allf=t:all_seed=3`;
  const sound = `sine=f=220:r=48000:d=${SECONDS}`;
  const codec = ["-c:v", "mpeg4", "-b:v", "6M", "-maxrate", "7M", "-bufsize", "7M", "-g", "4"];
  await ffmpeg([
    "-f",
    "lavfi",
    "-i",
    picture,
    "-f",
    "lavfi",
    "-i",
    sound,
    ...codec,
    "-c:a",
    "aac",
    "-ac",
    "2",
    path,
  ]);
}

type Edge = Awaited<ReturnType<typeof openHouse>>["edge"];

/** All that lies in the shards, as the bindings list it. */
async function countObjects(bench: Bench, edge: Edge): Promise<{ count: number; bytes: number }> {
  let [count, bytes] = [0, 0];
  for (const shard of ["SHARD_WEUR", "SHARD_ENAM"]) {
    const { objects } = await (await edge.bucket(shard)).list();
    count += objects.length;
    bytes += objects.reduce((total, { size }) => total + size, 0);
  }
  bench.say(`${count} objects`);
  return { count, bytes };
}

function findingOf(
  asked: readonly Asked[],
  rungs: number,
  objects: { count: number; bytes: number },
  ready: { pass: boolean; said: string },
): Finding {
  const counted = classA(asked);
  const all = counted.puts + counted.parts + counted.multipart + counted.originals;
  const byName = Object.entries(counted.names).map(([name, count]) => `${name} ${count}`);
  const whole = counted.puts + counted.uploads + counted.originals;
  const segments = (rungs + 1) * (SECONDS / SEGMENT_SECONDS);
  return {
    case: "10 min, 3 rungs",
    value: all,
    unit: "operations",
    target: { most: MOST_OPERATIONS },
    guards: {
      ready,
      "all objects explained": {
        pass: whole === objects.count,
        said: `${whole} counted, ${objects.count} lie in the shards (${number(objects.bytes / 1e6)} MB)`,
      },
    },
    notes: [
      `${counted.puts} puts, ${counted.parts} parts, ${counted.multipart} begins and ends, ${counted.originals} original: ${byName.join(", ")}`,
      `files for each segment would have been ${segments} and more`,
    ],
  };
}
