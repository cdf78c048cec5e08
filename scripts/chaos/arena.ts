/**
 * Everything a run of chaos needs, put together and taken apart again: an edge as `npm start` runs it, agents as
 * processes, a storage between them that can fall ill, and a line to the edge for each agent. All of it lies in one
 * folder.
 */
import { join } from "node:path";
import { chance } from "../../edge/src/coordinator/simulation/random.ts";
import { freePort, type LocalEdge, startLocalEdge } from "../local-edge.ts";
import { compareLedgers, readLedger } from "./check-ledger.ts";
import { createEdgeProcess, type EdgeProcess } from "./edge-process.ts";
import { History } from "./history.ts";
import { Seat } from "./seats.ts";
import { startSocketProxy } from "./socket-proxy.ts";
import { type FaultyStorage, startFaultyStorage } from "./storage-proxy.ts";

export interface ArenaOptions {
  folder: string;
  seed: number;
  agents: number;
  leaseSeconds: number;
  drainSeconds: number;
  /** Empty: the default. */
  ladder: string;
  /** Of an installed package; none: this checkout's agent. */
  cli?: string | undefined;
  /** What the edge says. */
  edgeSaid: (text: string) => void;
}

export interface Arena {
  edge: EdgeProcess;
  storage: FaultyStorage;
  seats: Seat[];
  history: History;
  /** In this process, for whoever looks into the books; the edge's own process must be down. */
  openBooks(): Promise<LocalEdge>;
  stop(): Promise<void>;
}

export async function openArena(options: ArenaOptions): Promise<Arena> {
  const { folder, seed, leaseSeconds } = options;
  const history = new History(join(folder, "history.jsonl"));
  const port = await freePort();
  const storage = await startFaultyStorage({
    target: `http://127.0.0.1:${port}`,
    chance: chance(seed, "storage"),
    struck: (fault, method, path) => history.note("storage struck", { fault, method, path }),
    known: (path) => history.note("storage struck", { fault: "known already", method: "PUT", path }),
  });
  const vars = {
    LEASE_SECONDS: String(leaseSeconds),
    LADDER: options.ladder,
    R2_ENDPOINT: `${storage.url}/cdn-cgi/local/r2/s3`,
    LOG_LEVEL: "warn",
  };
  const openBooks = () => startLocalEdge({ dataDir: folder, port, vars: { ...vars, LOG_LEVEL: "silent" } });
  const keys = await makeKeys(openBooks, options.agents);
  const died = (what: string) => history.note("violation", { what });
  const edge = watched(
    createEdgeProcess({ port, dataDir: folder, vars, said: options.edgeSaid, died }),
    folder,
    history,
  );
  const seats: Seat[] = [];
  for (const [name, key] of keys) {
    const { drainSeconds, cli } = options;
    const line = await startSocketProxy({ port });
    seats.push(new Seat({ name, folder, line, agentKey: async () => key, history, drainSeconds, cli }));
  }
  return {
    ...{ edge, storage, seats, history, openBooks },
    stop: async () => {
      await Promise.all(seats.map((seat) => seat.kill()));
      await edge.kill();
      await Promise.all([storage.stop(), ...seats.map(({ line }) => line.stop())]);
    },
  };
}

async function makeKeys(
  openBooks: Arena["openBooks"],
  agents: number,
): Promise<[name: string, key: string][]> {
  const edge = await openBooks();
  const keys: [string, string][] = [];
  for (let number = 1; number <= agents; number++) {
    keys.push([`agent-${number}`, await edge.agentKey(`agent-${number}`)]);
  }
  await edge.stop();
  return keys;
}

/** Whenever it is down, the coordinator's tables are compared with those of the last time. */
function watched(edge: EdgeProcess, folder: string, history: History): EdgeProcess {
  let before = readLedger(folder);
  const look = () => {
    const after = readLedger(folder);
    for (const what of compareLedgers(before, after)) history.note("violation", { what });
    before = after;
  };
  return {
    url: edge.url,
    get up() {
      return edge.up;
    },
    start: () => edge.start(),
    kill: async () => {
      if (edge.up) await edge.kill().then(look);
    },
    stop: async () => {
      if (edge.up) await edge.stop().then(look);
    },
  };
}
