/**
 * B12: an agent is killed outright at half way and another goes on. What is worked on twice must be no more than
 * the rectangles that the dead one had in hand and had not committed: one.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { readRecord } from "../demo/follow.ts";
import type { Benchmark, Finding } from "./benchmark.ts";
import { type Film, makeFilm } from "./kit/footage.ts";
import { type House, isPlayable, openHouse, type WatchedAgent } from "./kit/house.ts";
import { countPackets } from "./kit/ffmpeg.ts";
import { number } from "./kit/report.ts";
import { removeFile, sendFile } from "./kit/upload.ts";
import { type ToolSpan, watchTools } from "./kit/tool-watch.ts";

const MOST_RECTANGLES = 1;
const HALF = 0.5;
const POLL_MS = 100;

export const killed: Benchmark = {
  id: "B12",
  title: "work repeated after kill -9 at half way",
  run: async (bench) => {
    const house = await openHouse(bench);
    const film = await makeFilm(bench.shared, "encode", bench.pick(300, 60));
    const first = await house.startAgent("killed");
    const tools = watchTools(() => [first.pid]);
    const sent = await sendFile(house.url, film.path);
    await untilHalf(house, sent.id);
    first.process.kill("SIGKILL");
    const dead = Date.now();
    const spans = tools.stop();
    house.agents.pop();
    bench.say("killed; another goes on");
    const second = await house.startAgent("second");
    const { record } = await house.untilRecord(sent.id, isPlayable);
    const rungs = record.renditions.filter(({ kind }) => kind === "rung");
    const frames = await Promise.all(rungs.map(({ url }) => countPackets(url ?? "")));
    const finding = findingOf(film, first, second, dead, spans);
    await removeFile(sent);
    const whole = frames.every((count) => count === film.frames);
    const guard = { pass: whole, said: `${frames.join(", ")} of ${film.frames}` };
    return [{ ...finding, guards: { ...finding.guards, frames: guard } }];
  },
};

async function untilHalf(house: House, id: string): Promise<void> {
  for (;;) {
    const { progress, status } = await readRecord(house.url, id);
    if ((progress?.fraction ?? 0) >= HALF) return;
    if (status !== "processing") throw new Error("The film was ready before half of it was seen.");
    await sleep(POLL_MS);
  }
}

function findingOf(
  film: Film,
  first: WatchedAgent,
  second: WatchedAgent,
  dead: number,
  spans: readonly ToolSpan[],
): Finding {
  const isRectangle = ({ kind }: { kind: string }) => kind === "video";
  const done = first.jobs().filter((job) => isRectangle(job) && job.to !== null);
  const open = first.jobs().filter((job) => isRectangle(job) && job.to === null);
  const taken = second.jobs().filter(isRectangle);
  const again = taken.filter(({ job }) => open.some((one) => one.job === job));
  const committed = taken.filter(({ job }) => done.some((one) => one.job === job));
  // A lease may be held ahead of its turn: only what an encoder had been at is lost.
  const encodes = spans.filter(({ tool, to }) => tool === "encode" && dead - to < 500);
  const lost = Math.min(again.length, encodes.length) + committed.length;
  const secondsLost = encodes.reduce((total, { from }) => total + (dead - from) / 1_000, 0);
  const taking = Math.min(...again.map(({ from }) => from)) - dead;
  const spent = spans
    .filter(({ tool }) => tool === "encode")
    .reduce((total, { from, to }) => total + to - from, 0);
  return {
    case: `film of ${film.seconds} s`,
    value: lost,
    unit: "rectangles",
    target: { most: MOST_RECTANGLES },
    guards: {
      "nothing committed made again": {
        pass: committed.length === 0,
        said: `${committed.length} of ${done.length} rectangles`,
      },
    },
    notes: [
      `${number(secondsLost)} s of encoding lost, ${number((100_000 * secondsLost) / spent)} % of what had been spent`,
      again.length > 0
        ? `what it held was taken up ${number(taking / 1_000)} s after its death (start of the other agent and what it had begun by then included)`
        : "it held nothing when it died",
    ],
  };
}
