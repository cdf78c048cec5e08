/**
 * Deficit round-robin: owners take turns, and each may spend as much work per round as any other, however
 * large or many their jobs are. Pure but for the ring it is given, which it moves on. Used by `schedule.ts`.
 */

/** Whose turn it is, and what each owner may still spend. Forgetting it costs one unfair round, no more. */
export interface Ring {
  order: string[];
  at: number;
  credit: Map<string, number>;
}

/** Cost units (seconds of picture) added per visit. */
const QUANTUM = 30;

export function createRing(): Ring {
  return { order: [], at: 0, credit: new Map() };
}

/** The owner who is next, among those who wait with a job of that cost. The cost is charged at once. */
export function takeTurn(ring: Ring, costs: ReadonlyMap<string, number>): string | null {
  if (costs.size === 0) return null;
  enter(ring, costs);
  for (;;) {
    const owner = ring.order[ring.at] ?? "";
    const cost = costs.get(owner);
    const credit = ring.credit.get(owner) ?? 0;
    if (cost !== undefined && credit >= cost) {
      ring.credit.set(owner, credit - cost);
      return owner;
    }
    moveOn(ring, costs);
  }
}

/** Newcomers go to the end; who no longer waits leaves, and takes no credit along. */
function enter(ring: Ring, costs: ReadonlyMap<string, number>): void {
  const current = ring.order[ring.at];
  const staying = ring.order.filter((owner) => costs.has(owner));
  const coming = [...costs.keys()].filter((owner) => !ring.order.includes(owner));
  // Who stands at the turn and left hands it to the next one who stays.
  const before = ring.order.slice(0, ring.at).filter((owner) => costs.has(owner)).length;
  ring.order = [...staying, ...coming];
  ring.at = before % ring.order.length;
  for (const owner of ring.credit.keys()) if (!costs.has(owner)) ring.credit.delete(owner);
  const head = ring.order[ring.at];
  if (head !== undefined && head !== current) addCredit(ring, head);
}

function moveOn(ring: Ring, costs: ReadonlyMap<string, number>): void {
  ring.at = (ring.at + 1) % ring.order.length;
  const owner = ring.order[ring.at];
  if (owner !== undefined && costs.has(owner)) addCredit(ring, owner);
}

function addCredit(ring: Ring, owner: string): void {
  ring.credit.set(owner, (ring.credit.get(owner) ?? 0) + QUANTUM);
}
