/** Carries out the plan of `faults.ts` on the seats, the edge, the storage and the users. Chooses nothing itself. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EdgeProcess } from "./edge-process.ts";
import type { Fault, Step } from "./faults.ts";
import type { History } from "./history.ts";
import type { Load } from "./load.ts";
import type { Seat } from "./seats.ts";
import { CALM, type FaultyStorage } from "./storage-proxy.ts";

export interface Victims {
  seats: readonly Seat[];
  edge: EdgeProcess;
  storage: FaultyStorage;
  load: Load;
  history: History;
}

/** Between two looks for an agent that is left alone. */
const FREE_MS = 100;

/** Resolves when every fault of the plan is over. */
export async function strike(steps: readonly Step[], victims: Victims): Promise<void> {
  const { history } = victims;
  const under: Promise<void>[] = [];
  for (const { at, fault } of steps) {
    await sleep(Math.max(0, at - history.now));
    under.push(begin(fault, victims));
  }
  await Promise.all(under);
}

async function begin(fault: Fault, victims: Victims): Promise<void> {
  const { seats, history } = victims;
  const { kind, ...facts } = fault;
  const seat = "agent" in fault ? await freeSeat(seats, fault.agent) : undefined;
  if (seat && kind !== "ffmpeg sick") seat.taken = true;
  history.note("fault", { kind, ...flat(facts), agent: seat?.name ?? null });
  try {
    await (seat ? strikeSeat(fault, seat, history) : strikeHouse(fault, victims));
  } finally {
    if (seat && kind !== "ffmpeg sick") seat.taken = false;
  }
  history.note("fault over", { kind, agent: seat?.name ?? null });
}

/** The one that was chosen, or the next to which nothing is being done. */
async function freeSeat(seats: readonly Seat[], wanted: number): Promise<Seat | undefined> {
  for (;;) {
    const inTurn = [...seats.slice(wanted), ...seats.slice(0, wanted)];
    const free = inTurn.find(({ taken }) => !taken);
    if (free || seats.length === 0) return free;
    await sleep(FREE_MS);
  }
}

async function strikeSeat(fault: Fault, seat: Seat, history: History): Promise<void> {
  const { line, tools } = seat;
  switch (fault.kind) {
    case "agent killed":
      await seat.kill();
      await sleep(fault.downMs);
      return seat.start();
    case "agent frozen": {
      const wake = seat.freeze(fault.withTools);
      await sleep(fault.ms);
      return wake();
    }
    case "agent drained": {
      await seat.start();
      const code = await seat.drain();
      if (code !== 0)
        history.note("violation", { what: `a drained agent ended with ${code}`, agent: seat.name });
      return seat.start();
    }
    case "ffmpeg sick":
      tools.fall(fault.sickness);
      await sleep(fault.ms);
      return tools.recover();
    case "line cut":
      return line.cut();
    case "line half-open":
      line.set("silent");
      await sleep(fault.ms);
      return line.set("open");
    case "network gone":
      line.set("shut");
      await sleep(fault.ms);
      return line.set("open");
    case "line slow":
      line.delay(fault.delayMs);
      await sleep(fault.ms);
      return line.delay(0);
    default:
  }
}

async function strikeHouse(fault: Fault, { edge, storage, load }: Victims): Promise<void> {
  switch (fault.kind) {
    case "edge killed":
      return oneAtATime(edge, async () => {
        await edge.kill();
        await sleep(fault.downMs);
      });
    case "edge restarted":
      return oneAtATime(edge, () => edge.stop());
    case "storage ill":
      Object.assign(storage, { weather: fault.weather, stallMs: fault.stallMs });
      await sleep(fault.ms);
      storage.weather = CALM;
      return;
    case "upload deleted":
      return load.deleteOne();
    case "client died":
      // It dies in the midst of sending, not before a door that is shut.
      await comings.get(edge);
      return load.sendAndDie();
    default:
  }
}

const comings = new WeakMap<EdgeProcess, Promise<void>>();

/** It goes down and comes up again before it goes down once more. */
async function oneAtATime(edge: EdgeProcess, down: () => Promise<void>): Promise<void> {
  const coming = (comings.get(edge) ?? Promise.resolve()).then(down).then(() => edge.start());
  comings.set(edge, coming);
  await coming;
}

function flat(facts: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}
