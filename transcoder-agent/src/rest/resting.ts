/**
 * Why an agent takes nothing at a moment at which it could: pure, from what `keeper.ts` has read. The sentences
 * are shown to the operator and stay the same while the reason does.
 */
import { DISK_MARGIN_BYTES } from "../machine/disk.ts";
import { withinHours, type Hours, type LocalTime } from "./hours.ts";

export interface RestRules {
  hours: Hours | null;
  whenGpuBusy: boolean;
  onBattery: boolean;
  /** Milliseconds that running jobs may go on for when a rest begins. */
  graceMs: number;
}

export interface Circumstances {
  at: LocalTime;
  gpuBusy: boolean;
  /** Null: there is none, or it cannot be told. */
  onBattery: boolean | null;
  diskFreeBytes: number;
}

export interface Rest {
  reason: string;
  /** Running jobs are given back after the grace; else they may end in peace. */
  endsJobs: boolean;
}

/** Room that a full disk must have again, so that the agent does not wake and rest by turns. */
const ENOUGH_DISK_BYTES = 1.5 * DISK_MARGIN_BYTES;
const FULL = "the disk is full";

/** Null: works. `before` is what held until now. */
export function restAt(rules: RestRules, now: Circumstances, before: Rest | null): Rest | null {
  const needed = before?.reason === FULL ? ENOUGH_DISK_BYTES : DISK_MARGIN_BYTES;
  if (rules.hours !== null && !withinHours(rules.hours, now.at)) {
    return { reason: `outside its hours (${rules.hours.text})`.slice(0, 200), endsJobs: true };
  }
  if (rules.onBattery && now.onBattery === true) return { reason: "on battery", endsJobs: true };
  if (rules.whenGpuBusy && now.gpuBusy) {
    return { reason: "the GPU is busy with something else", endsJobs: true };
  }
  if (now.diskFreeBytes < needed) return { reason: FULL, endsJobs: false };
  return null;
}
