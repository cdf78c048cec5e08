/** Slots of an agent, by what it holds: pure, used by `runner.ts`. */
import { LEASES_IN_SENDING, type ResourceClass, type Slots } from "../protocol.ts";

/** A lease as it takes up room. */
export interface Occupied {
  readonly slot: ResourceClass;
  /** Takes its slot; once only uploads are left, another job may have it. */
  working: boolean;
}

export const NO_SLOTS: Slots = { gpu: 0, cpu: 0, io: 0 };

/** Leases an agent says it can hold: while objects of the last jobs are being sent, the next ones can be at work. */
export function leaseCapacity({ gpu, cpu, io }: Slots): Slots {
  const more = (slots: number) => (slots > 0 ? slots + LEASES_IN_SENDING : 0);
  return { gpu: more(gpu), cpu: more(cpu), io: more(io) };
}

/** Jobs of each class that could be begun now: by slots at work, and by leases that can be held. */
export function freeSlots(capacity: Slots, held: readonly Occupied[]): Slots {
  const leases = leaseCapacity(capacity);
  const free = (slot: ResourceClass) => {
    const own = held.filter((one) => one.slot === slot);
    const atWork = own.filter(({ working }) => working).length;
    return Math.max(0, Math.min(capacity[slot] - atWork, leases[slot] - own.length));
  };
  return { gpu: free("gpu"), cpu: free("cpu"), io: free("io") };
}

export function sameSlots(one: Slots, other: Slots): boolean {
  return one.gpu === other.gpu && one.cpu === other.cpu && one.io === other.io;
}
