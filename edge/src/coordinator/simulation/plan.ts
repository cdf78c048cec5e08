/**
 * What will happen in a simulation, drawn from the seed before it begins: agents, uploads, deletions, viewers and
 * faults, each with a number and a stream of its own. Leaving some out leaves the others as they are, which is how a
 * failure is shrunk. Pure.
 */
import { JobKind } from "#protocol";
import { MINUTE, SECOND } from "../../config.ts";
import type { FileKind } from "../../db/schema.ts";
import type { AgentTraits } from "./agent.ts";
import type { Film } from "./films.ts";
import { drawFault, type Fault } from "./fault-plan.ts";
import { chance, type Chance } from "./random.ts";

export const SHARDS = ["SHARD_WEUR", "SHARD_ENAM"] as const;

export interface PlannedFile extends Film {
  id: number;
  /** Tells the film apart on an agent: no two files have the same. */
  size: number;
  owner: string;
  shard: string;
  /** The request dies after the file was stored: only the sweep tells the coordinator. */
  unannounced: boolean;
}

export interface PlannedViewer {
  id: number;
  file: number;
  from: number;
  segments: number;
  rung: string;
}

export type Deed =
  | { kind: "upload"; file: PlannedFile }
  | { kind: "delete"; file: number; lurks: boolean }
  | { kind: "viewer"; viewer: PlannedViewer }
  | Fault;

export interface Item {
  id: number;
  /** Milliseconds from the beginning. */
  at: number;
  deed: Deed;
}

export interface Plan {
  seed: number;
  leaseSeconds: number;
  /** So many frames come twice, on every line, as long as faults last. */
  doubled: number;
  /** Faults begin before, and all are over by then. Milliseconds. */
  horizonMs: number;
  agents: AgentTraits[];
  items: Item[];
}

const KINDS = JobKind.options;
const RUNGS = ["480", "720", "audio-0"];

export function drawPlan(seed: number): Plan {
  const base = chance(seed, "plan");
  const horizonMs = base.between(1.5, 6) * MINUTE;
  const agents = Array.from({ length: base.whole(2, 6) }, (_, at) =>
    drawAgent(chance(seed, "agent", at), at),
  );
  const files = Array.from({ length: base.whole(2, 5) }, (_, at) => drawFile(chance(seed, "file", at), at));
  const at = (stream: Chance, share = 0.9) => stream.next() * horizonMs * share;
  const uploads = files.map((file): Item => {
    const stream = chance(seed, "upload", file.id);
    return {
      id: file.id,
      at: stream.hits(0.5) ? stream.between(0, 5 * SECOND) : at(stream, 0.5),
      deed: { kind: "upload", file },
    };
  });
  const several = (
    purpose: string,
    count: number,
    first: number,
    draw: (stream: Chance, id: number) => Deed,
  ) =>
    Array.from({ length: count }, (_, number): Item => {
      const stream = chance(seed, purpose, number);
      return { id: first + number, at: at(stream), deed: draw(stream, number) };
    });
  const file = (stream: Chance) => stream.whole(0, files.length - 1);
  return {
    ...{ seed, leaseSeconds: base.pick([15, 30, 90]), doubled: base.pick([0, 0.02, 0.2]), horizonMs, agents },
    items: [
      ...uploads,
      ...several("delete", base.whole(0, 2), 100, (stream) => ({
        kind: "delete",
        file: file(stream),
        lurks: stream.hits(0.6),
      })),
      ...several("viewer", base.whole(0, 6), 200, (stream, id) => ({
        kind: "viewer",
        viewer: {
          id,
          file: file(stream),
          from: stream.whole(0, 8),
          segments: stream.whole(1, 5),
          rung: stream.pick(RUNGS),
        },
      })),
      ...several("fault", base.whole(1, 14), 300, (stream) => drawFault(stream, agents.length)),
    ],
  };
}

/** The first can do everything, so that all work can be done in the end. */
function drawAgent(stream: Chance, at: number): AgentTraits {
  const some = KINDS.filter(() => stream.hits(0.7));
  const able = at === 0 || stream.hits(0.6) || some.length === 0 ? [...KINDS] : some;
  return {
    slots: { gpu: stream.hits(0.2) ? 1 : 0, cpu: at === 0 ? 2 : stream.whole(0, 2), io: stream.whole(1, 3) },
    kinds: able,
    speed: stream.pick([0.5, 2, 5, 20]),
    graceMs: stream.pick([1, 30, 120, 120]) * SECOND,
  };
}

function drawFile(stream: Chance, id: number): PlannedFile {
  const kind: FileKind = stream.pick(["video", "video", "video", "image", "animation", "audio", "other"]);
  const natures = ["plain", "plain", "plain", "headed", "headed", "contradicting", "short", "large"] as const;
  const nature = kind === "video" ? stream.pick(natures) : "plain";
  return {
    ...{ id, kind, seconds: stream.pick([6, 12, 30, 60, 120]), size: 1_000_000 + id * 1_000 },
    nature: stream.hits(0.06) ? "poison" : stream.hits(0.05) ? "corrupt" : nature,
    owner: stream.pick(["anonymous", "anonymous", "ann", "bob"]),
    shard: stream.pick(SHARDS),
    unannounced: stream.hits(0.1),
  };
}
