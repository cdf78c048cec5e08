/** A file that kills: each agent that begins its first job dies at once, by SIGKILL, and comes back a moment later. */
import { setTimeout as sleep } from "node:timers/promises";
import type { History } from "./history.ts";
import type { Kept } from "./load.ts";
import type { Seat } from "./seats.ts";

const DOWN_MS = 500;

export function killWhoBegins(poison: () => Kept | null, seats: readonly Seat[], history: History): void {
  for (const seat of seats) {
    seat.heard = ({ message, job }) => {
      if (message !== "started" || job === undefined || !poison()?.jobs.includes(job)) return;
      void dieAndReturn(seat, history);
    };
  }
}

async function dieAndReturn(seat: Seat, history: History): Promise<void> {
  history.note("fault", { kind: "poison", agent: seat.name });
  await seat.kill();
  await sleep(DOWN_MS);
  await seat.start();
}
