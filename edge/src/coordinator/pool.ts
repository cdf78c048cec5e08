/**
 * Everything one coordinator works with, handed to the functions of this room. Built by `coordinator.ts`;
 * `inTurn` is the one way to change the ledger.
 */
import type { Config } from "../config.ts";
import { SECOND } from "../config.ts";
import { randomBytes } from "../catalog/ids.ts";
import type { Database } from "../db/client.ts";
import { logLine, type LogFields } from "../http/log.ts";
import { createSigner, type Signer } from "../storage/sign.ts";
import type { LedgerStore } from "./store/ledger-store.ts";
import type { Job } from "./ledger/ledger-types.ts";
import type { RecentReplies } from "./frames/replies.ts";
import type { Rings } from "./grants/schedule.ts";
import { SecretStock } from "./grants/secrets.ts";
import type { Sockets } from "./frames/sockets.ts";
import { FOLD_MS, Tally } from "./figures/tally.ts";
import { openTurn, type Turn } from "./turns.ts";
import { createIds } from "./ledger/ulid.ts";
import { FrontPace } from "./watching/front-pace.ts";
import { topics, type Waiters } from "./watching/waiters.ts";

export interface PoolParts {
  name: string;
  env: Env;
  config: Config;
  db: Database;
  store: LedgerStore;
  sockets: Sockets;
  waiters: Waiters;
  replies: RecentReplies;
  /** All or nothing, should the turn throw. */
  atomically: <T>(act: () => T) => T;
  /** Makes sure the alarm rings no later than that. */
  arm: (at: number) => void;
  /** Goes on after the event has been answered; failures are logged. */
  later: (work: Promise<unknown>) => void;
}

export interface Pool extends PoolParts {
  rings: Rings;
  fronts: FrontPace;
  secrets: SecretStock;
  /** Jobs being verified now, and whether grants and the outbox are being worked at. */
  busy: { verifying: Set<string>; dispatching: boolean; dispatchAgain: boolean; publishing: boolean };
  newId: (now: number) => string;
  signers: Map<string, Signer>;
  /** Counted since it was last folded into the tables. */
  tally: Tally;
  /** Frames in a row that made no sense, by agent. */
  faults: Map<string, number>;
}

export function createPool(parts: PoolParts): Pool {
  const ids = createIds(randomBytes);
  return {
    ...parts,
    rings: new Map(),
    fronts: new FrontPace(),
    secrets: new SecretStock(),
    busy: { verifying: new Set(), dispatching: false, dispatchAgain: false, publishing: false },
    newId: (now) => `${parts.name}.${ids(now)}`,
    signers: new Map(),
    tally: new Tally(),
    faults: new Map(),
  };
}

/** One synchronous turn. Afterwards watchers and agents hear what it changed for them, and the alarm is set. */
export function inTurn<T>(pool: Pool, now: number, act: (turn: Turn) => T): T {
  const { store, newId } = pool;
  const turn = openTurn({ store, now, newId, random: Math.random });
  const result = pool.atomically(() => act(turn));
  for (const fileId of turn.changed) pool.waiters.call(topics.file(fileId));
  for (const { job, reason } of turn.taken) tellTaken(pool, job, reason);
  if (turn.due < Infinity) pool.arm(turn.due);
  if (pool.tally.add(turn.steps)) pool.later(foldSoon(pool));
  return result;
}

async function foldSoon(pool: Pool): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, FOLD_MS));
  foldTally(pool, Date.now());
}

/** Writes down what was counted since the last time. */
export function foldTally(pool: Pool, now: number): void {
  const counts = pool.tally.take();
  if (counts.size > 0) inTurn(pool, now, ({ store }) => store.figures.count(counts));
}

/** Its work is not wanted any more; an agent that is away hears of it with its next hello. */
function tellTaken(pool: Pool, { id, agentId }: Job, reason: string): void {
  const socket = pool.sockets.find(agentId ?? "");
  if (socket) pool.sockets.send(socket, { type: "cancel", jobs: [id], reason });
}

/** What is due already and being worked at, catalogue or storage being slow, is not looked at again before. */
const BUSY_MS = SECOND;

/** The alarm's next time is whatever row is due first. Asked when it has rung, and after a start. */
export function armNext(pool: Pool, now: number): void {
  const times = [pool.store.queue.nextStep(now), pool.store.outbox.nextStep()].filter((at) => at !== null);
  if (times.length === 0) return;
  const { publishing, verifying } = pool.busy;
  const soonest = publishing || verifying.size > 0 ? nowAfter(now) + BUSY_MS : 0;
  pool.arm(Math.max(soonest, Math.min(...times)));
}

/**
 * What time it is for somebody who was told `now` and has waited since: a lease counts from its grant, however
 * long the catalogue took to answer before it. Tests may tell a time to come.
 */
export function nowAfter(now: number): number {
  return Math.max(now, Date.now());
}

/** Signed addresses for an agent must lead to where it reached us. */
export function signerFor(pool: Pool, origin: string): Signer {
  const signer = pool.signers.get(origin) ?? createSigner(pool.config, origin);
  pool.signers.set(origin, signer);
  return signer;
}

export function log(
  pool: Pool,
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields: LogFields = {},
): void {
  logLine(pool.config.logLevel, level, message, { pool: pool.name, ...fields });
}

/** An error for a log line: what it says, without its stack. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
