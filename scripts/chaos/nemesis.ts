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
  const seat = "agent" in fault ? seats[fault.agent] : undefined;
  if (seat?.taken || (kind.startsWith("edge") && !victims.edge.up)) {
    return history.note("fault left out", { kind, agent: seat?.name ?? null });
  }
  history.note("fault", { kind, ...flat(facts), agent: seat?.name ?? null });
  if (seat) seat.taken = true;
  try {
    await (seat ? strikeSeat(fault, seat, history) : strikeHouse(fault, victims));
  } finally {
    if (seat) seat.taken = false;
  }
  history.note("fault over", { kind, agent: seat?.name ?? null });
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
      await edge.kill();
      await sleep(fault.downMs);
      return edge.start();
    case "edge restarted":
      await edge.stop();
      return edge.start();
    case "storage ill":
      Object.assign(storage, { weather: fault.weather, stallMs: fault.stallMs });
      await sleep(fault.ms);
      storage.weather = CALM;
      return;
    case "upload deleted":
      return load.deleteOne();
    case "client died":
      return load.sendAndDie();
    default:
  }
}

function flat(facts: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}
