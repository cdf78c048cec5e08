/** Carries out the plan of `faults.ts` on the seats, the edge, the storage and the users. Chooses nothing itself. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EdgeProcess } from "./edge-process.ts";
import type { Fault, Step } from "./faults.ts";
import type { History } from "./history.ts";
import type { Load } from "./load.ts";
import type { Operator } from "./operator.ts";
import type { Seat } from "./seats.ts";
import { CALM, type FaultyStorage } from "./storage-proxy.ts";

export interface Victims {
  seats: readonly Seat[];
  edge: EdgeProcess;
  storage: FaultyStorage;
  load: Load;
  history: History;
  operator: Operator;
}

/** Between two looks for an agent that is left alone. */
const FREE_MS = 100;
/** How long the edge may be down and coming up again. */
const EDGE_MS = 60_000;

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
    await (seat ? strikeSeat(fault, seat, victims) : strikeHouse(fault, victims));
  } catch (error) {
    // What goes on beside it is not to be left alone, and is asked about in the end.
    history.note("violation", { what: `${kind}: ${String(error)}`, agent: seat?.name ?? null });
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

async function strikeSeat(fault: Fault, seat: Seat, victims: Victims): Promise<void> {
  const { line, tools } = seat;
  const { history } = victims;
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
      const began = history.now;
      const code = await seat.drain();
      if (code !== 0)
        history.note("violation", { what: `a drained agent ended with ${code}`, agent: seat.name });
      else await demandGivenBack(seat, began, victims);
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

/** A drained agent has told what it held, unless the edge was down meanwhile: nothing is still leased to it. */
async function demandGivenBack(
  seat: Seat,
  began: number,
  { edge, history, operator }: Victims,
): Promise<void> {
  if (!edge.up) return;
  const [held, id] = await Promise.all([operator.inState("leased").catch(() => []), seat.agentId()]);
  const kept = held.filter(({ agent }) => agent === id);
  const disturbed = history.entries.some(
    ({ at, event, facts }) =>
      // The edge had been told to go, or came back only a moment before.
      at >= began - EDGE_MS && event.startsWith("fault") && String(facts["kind"]).startsWith("edge"),
  );
  if (kept.length > 0 && !disturbed)
    history.note("violation", { what: "a drained agent kept leases", agent: seat.name, leases: kept.length });
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
