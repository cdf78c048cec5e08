/** All parts of one simulation, put together: the real coordinator in the middle, everything around it virtual. */
import { createHash } from "node:crypto";
import { SECOND } from "../../config.ts";
import { SimAgent } from "./agent.ts";
import { Bucket, type Stored } from "./bucket.ts";
import { Catalogue } from "./catalogue.ts";
import { isInjected, wordsOf } from "./crashes.ts";
import { Drains } from "./drains.ts";
import { Edge } from "./edge.ts";
import { useNetwork } from "./modules/ws.ts";
import { Network } from "./network.ts";
import { ObjectHost } from "./object.ts";
import { Observer } from "./observer.ts";
import { SHARDS, type Plan, type PlannedFile } from "./plan.ts";
import { chance } from "./random.ts";
import { MOST_ATTEMPTS } from "./promises.ts";
import { Relay } from "./relay.ts";
import type { Complain } from "./violation.ts";
import type { World } from "./world.ts";

export interface Simulated {
  world: World;
  catalogue: Catalogue;
  buckets: ReadonlyMap<string, Bucket>;
  object: ObjectHost;
  network: Network;
  relay: Relay;
  edge: Edge;
  agents: SimAgent[];
  observer: Observer;
  drains: Drains;
  /** As they were planned, uploaded or not. */
  files: readonly PlannedFile[];
  /** Keys of derived objects that the storage lost. */
  rotten: Set<string>;
  leaseMs: number;
  /** The object's clock was wrong at some time. */
  skewed: () => boolean;
  find: (key: string) => Stored | null;
  /** The job's file is deleted in the catalogue. */
  isDeleted: (job: string) => boolean;
}

/** Letters of an agent's id, and of its key. */
const ID_LENGTH = 12;
const SECRET_LENGTH = 43;
const SECRET = "a secret of simulations, 32 bytes";
const SHARD_VARS = SHARDS.map((binding) => ({
  binding,
  bucket: binding,
  lat: 0,
  lon: 0,
  budget_bytes: 10 ** 12,
}));

export function putTogether(world: World, plan: Plan, complain: Complain, verbose: boolean): Simulated {
  const { seed } = plan;
  const stream = (purpose: string) => chance(seed, purpose);
  const catalogue = new Catalogue(world, stream("d1"));
  const buckets = new Map(SHARDS.map((name) => [name, new Bucket(name, world, stream(name))]));
  const env = {
    ...Object.fromEntries([...buckets].map(([name, bucket]) => [name, bucket.binding()])),
    DB: catalogue.binding(),
    ...{
      SIGNING_SECRET: SECRET,
      SHARDS: JSON.stringify(SHARD_VARS),
      LEASE_SECONDS: String(plan.leaseSeconds),
    },
    LOG_LEVEL: verbose ? "info" : "error",
    COORDINATOR: { getByName: () => stub },
  } as unknown as Env;
  const object = new ObjectHost(world, () => env, stream("object"));
  const stub = stubOf(object);
  const network = new Network(world, object, env, plan);
  const relay = new Relay(world, buckets, SECRET, stream("relay"));
  const observer = new Observer(object, complain, () => world.now);
  object.observer = observer;
  object.restless = (text) => complain("no busy waiting", text);
  useNetwork((opening) => network.open(opening));
  const rotten = new Set<string>();
  const edge = new Edge(world, env);
  edge.failed = (error) => void (isInjected(error) || complain("nothing crashes", wordsOf(error)));
  catalogue.refused = (error) => complain("nothing crashes", wordsOf(error));
  const drains = new Drains(world, network, object, plan);
  const parts = { world, catalogue, buckets, object, network, relay, observer, rotten, edge, drains };
  return {
    ...parts,
    files: filesOf(plan),
    leaseMs: plan.leaseSeconds * SECOND,
    agents: makeAgents(parts, plan, complain),
    skewed: () => plan.items.some(({ deed }) => deed.kind === "object-skew"),
    find: (key) => [...buckets.values()].flatMap(({ objects }) => objects.get(key) ?? [])[0] ?? null,
    isDeleted: (job) => {
      const [row] = object.rows<{ fileId: string }>("select fileId from jobs where id = ?", job);
      const [file] = catalogue.rows<{ state: string }>(
        "select state from files where id = ?",
        row?.fileId ?? "",
      );
      return file?.state !== "stored";
    },
  };
}

/** Calls by name, as the platform's stub takes them. */
function stubOf(object: ObjectHost): object {
  const get =
    (_: object, method: string | symbol) =>
    (...args: unknown[]) =>
      object.call(String(method), args);
  return new Proxy({}, { get });
}

type Parts = Pick<Simulated, "world" | "catalogue" | "network" | "relay" | "drains">;

function makeAgents(
  { world, catalogue, network, relay, drains }: Parts,
  plan: Plan,
  complain: Complain,
): SimAgent[] {
  const films = new Map(filesOf(plan).map((file) => [file.size, file]));
  const agents: SimAgent[] = [];
  for (const [at, traits] of plan.agents.entries()) {
    const name = `a${at}`;
    const secret = name.padEnd(SECRET_LENGTH, "x");
    const id = name.padEnd(ID_LENGTH, "0");
    catalogue.rows(
      "insert into agents (id, label, key_hash, created_at) values (?, ?, ?, ?)",
      ...[id, name, createHash("sha256").update(secret).digest("hex"), world.now],
    );
    const around = {
      world,
      relay,
      drains,
      chance: chance(plan.seed, "agent", at, "work"),
      died: countDeaths(complain),
      filmOf: (size: number) => films.get(size),
      ended: network.ended.bind(network),
    };
    agents.push(new SimAgent(name, { id, key: `cca_${id}_${secret}` }, traits, around));
  }
  return agents;
}

/** Each attempt kills one process at most; one grant may cross a death. */
function countDeaths(complain: Complain): (job: string) => void {
  const deaths = new Map<string, number>();
  return (job) => {
    const count = (deaths.get(job) ?? 0) + 1;
    deaths.set(job, count);
    if (count > MOST_ATTEMPTS + 1) complain("I7 a poison job ends", `${job} has killed ${count} processes`);
  };
}

export function filesOf(plan: Plan): PlannedFile[] {
  return plan.items.flatMap(({ deed }) => (deed.kind === "upload" ? [deed.file] : []));
}
