/**
 * The Durable Object of one pool: jobs, leases and agent sockets. A thin shell: it carries calls, frames and
 * alarms to the functions of this room and decides nothing. Between events it sleeps, its sockets open.
 */
import { DurableObject } from "cloudflare:workers";
import { PING, PONG } from "#protocol";
import type { SegmentLocation } from "../catalog/rectangles.ts";
import { loadConfig, MAIN_POOL } from "../config.ts";
import { openDatabase } from "../db/client.ts";
import { addRungs, forgetRestored } from "./plans/added-rungs.ts";
import type { Absence, LostAgent } from "./admin/absence-store.ts";
import { lostAgents } from "./admin/absences.ts";
import { fleetSight, type FleetSight } from "./admin/fleet-sight.ts";
import { retryFile, stepJob, type JobStep } from "./admin/job-steps.ts";
import type { AgentOrder } from "./admin/orders.ts";
import { isNews, orderAtDoor, steer, underOrder } from "./admin/steering.ts";
import type { JobPage, JobQuery, JobSightWithHistory } from "./admin/view-store.ts";
import { awaitPlan, awaitSegment } from "./watching/awaiting.ts";
import { newBadge } from "./frames/badges.ts";
import type { Move, PoolStanding } from "./pools/balance.ts";
import { Beats } from "./frames/beats.ts";
import { AGENT_HEADER, ORDER_HEADER, ORIGIN_HEADER, type CoordinatorCalls } from "./client.ts";
import { cancelFile, enqueueFile } from "./plans/enqueue.ts";
import { figuresOf, type PoolFigures } from "./figures/figures.ts";
import { receiveText } from "./frames/frames.ts";
import { openLedger } from "./store/ledger-store.ts";
import { isOpen } from "./ledger/ledger-types.ts";
import { shortenLease } from "./ledger/lease.ts";
import { moveAgents, sendAgent, standingOf } from "./pools/moving.ts";
import { giveWay, type AgentLink } from "./pools/replacing.ts";
import { tick } from "./passing.ts";
import { armNext, createPool, inTurn, log, said, type Pool } from "./pool.ts";
import { progressOf, rungRanges, type Progress } from "./watching/progress.ts";
import { RecentReplies } from "./frames/replies.ts";
import { closeSocket, Sockets } from "./frames/sockets.ts";
import { writeDown } from "./grants/speed.ts";
import { statusOf, type CoordinatorStatus } from "./figures/status.ts";
import { apply, remakeTurn } from "./turns.ts";
import { createWaiters, topics } from "./watching/waiters.ts";

/** An alarm that is due already rings after this: a pass must not follow on the heels of the last. */
const SOONEST_MS = 100;
const FORGOTTEN_PER_CALL = 2_000;
/** The longest watch; whoever wants more asks again. */
const MAX_WATCH_MS = 30_000;

export class Coordinator extends DurableObject<Env> implements CoordinatorCalls {
  readonly #pool: Pool;
  /** Frames of one agent are worked off one after the other. */
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #beats = new Beats();
  #armedAt: number | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const store = openLedger(ctx.storage.sql);
    this.#pool = createPool({
      name: ctx.id.name ?? MAIN_POOL,
      env,
      config: loadConfig(env),
      db: openDatabase(env.DB),
      store,
      sockets: new Sockets(ctx),
      waiters: createWaiters(),
      replies: new RecentReplies(store.replies),
      atomically: (act) => ctx.storage.transactionSync(act),
      arm: (at) => this.#arm(at),
      later: (work) => ctx.waitUntil(work.catch((error: unknown) => this.#complain(error))),
    });
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    store.queue.hurryCommitting(Date.now());
    if (ctx.getWebSockets().length === 0) store.queue.awaitHolders(Date.now(), this.#pool.config.leaseMs);
    if (store.outbox.count() > 0) this.#arm(Date.now());
    armNext(this.#pool, Date.now());
  }

  /** The upgrade of an agent; `routes.ts` has checked its key. */
  override async fetch(request: Request): Promise<Response> {
    const agentId = request.headers.get(AGENT_HEADER);
    if (agentId === null) return new Response("Only for agents.", { status: 403 });
    const origin = request.headers.get(ORIGIN_HEADER) ?? "";
    const now = Date.now();
    const order = await orderAtDoor(this.#pool, agentId, request.headers.get(ORDER_HEADER), now);
    const badge = underOrder(newBadge(agentId, origin, now), order);
    if (badge.revoked) return new Response("This agent's key was revoked.", { status: 403 });
    const { 0: client, 1: server } = new WebSocketPair();
    this.#pool.sockets.accept(server, badge);
    const headers = { "Sec-WebSocket-Protocol": request.headers.get("Sec-WebSocket-Protocol") ?? "" };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const { agentId } = this.#pool.sockets.badge(socket);
    const before = this.#lanes.get(agentId) ?? Promise.resolve();
    const beat = this.#beats.next();
    const turn = before.then(() => beat).then(() => receiveText(this.#pool, socket, message, Date.now()));
    const lane = turn.catch((error: unknown) => this.#complain(error));
    this.#lanes.set(agentId, lane);
    await lane;
    if (this.#lanes.get(agentId) === lane) this.#lanes.delete(agentId);
  }

  override webSocketClose(socket: WebSocket): void {
    // Without an answer of ours the other side waits until the object sleeps (measured: 10 s).
    closeSocket(socket);
    const badge = writeDown(this.#pool, this.#pool.sockets.badge(socket));
    const { agentId, bootId } = badge;
    this.#pool.sockets.pin(socket, badge);
    const last = this.#pool.sockets.forget(socket);
    if (bootId === null || !last) return;
    this.#pool.replies.dropAgent(agentId);
    const now = Date.now();
    this.#pool.store.agents.noteSeen(agentId, now);
    inTurn(this.#pool, now, (turn) => {
      for (const job of turn.store.queue.leasedBy(agentId)) apply(turn, job, shortenLease(job, now));
    });
  }

  override webSocketError(socket: WebSocket): void {
    this.webSocketClose(socket);
  }

  override alarm(): void {
    this.#armedAt = null;
    // The next one rings only when this one is over, and a lease must not wait for a slow storage.
    this.#pool.later(this.tick(Date.now()));
  }

  async tick(now: number): Promise<void> {
    try {
      await tick(this.#pool, now);
    } catch (error) {
      this.#complain(error);
    } finally {
      armNext(this.#pool, now);
    }
  }

  enqueueFile(fileId: string, outboxId: string, stored?: unknown): Promise<string[]> {
    return enqueueFile(this.#pool, fileId, outboxId, stored, Date.now());
  }

  addRungs(fileId: string): Promise<boolean> {
    return addRungs(this.#pool, fileId, Date.now());
  }

  cancelFile(fileId: string): Promise<void> {
    return cancelFile(this.#pool, fileId, Date.now());
  }

  async progress(fileId: string): Promise<Progress> {
    const { store, sockets } = this.#pool;
    const now = Date.now();
    const plan = store.files.planOf(fileId);
    const claims = plan ? store.claims.owned(plan.id) : [];
    const rungs = claims.filter(({ track }) => plan?.rungs.some(({ name }) => name === track));
    const progress = progressOf(
      store.jobs.sketches(fileId),
      plan,
      rungs.map(({ segment }) => segment),
      (work) => sockets.isAnyAble(work, now),
      store.files.version(fileId),
      now,
    );
    return { ...progress, rungs: plan ? rungRanges(plan, rungs) : [] };
  }

  async watch(fileId: string, since: number, waitMs: number): Promise<number> {
    const { store, waiters } = this.#pool;
    if (store.files.version(fileId) > since) return store.files.version(fileId);
    await waiters.wait(topics.file(fileId), fileId, Math.min(waitMs, MAX_WATCH_MS));
    return Math.max(since, store.files.version(fileId));
  }

  awaitSegment(
    planId: string,
    track: string,
    segment: number,
    waitMs: number,
    viewer?: string,
  ): Promise<SegmentLocation | null> {
    return awaitSegment(this.#pool, { planId, track, segment }, waitMs, viewer, Date.now());
  }

  awaitPlan(fileId: string, waitMs: number): Promise<string | null> {
    return awaitPlan(this.#pool, fileId, waitMs);
  }

  async status(): Promise<CoordinatorStatus> {
    return statusOf(this.#pool, Date.now());
  }

  async figures(now: number): Promise<PoolFigures> {
    return figuresOf(this.#pool, now);
  }

  steer(order: AgentOrder): Promise<void> {
    return steer(this.#pool, order, Date.now());
  }

  async tellOrders(orders: AgentOrder[]): Promise<void> {
    for (const order of orders) {
      if (isNews(this.#pool, order)) await this.steer(order);
    }
  }

  async standing(now: number): Promise<PoolStanding> {
    return standingOf(this.#pool, now);
  }

  async moveAgents(agentIds: string[], to: string, when: Move["when"]): Promise<string[]> {
    return moveAgents(this.#pool, agentIds, to, when, Date.now());
  }

  async sendAgent(agentId: string, to: string): Promise<void> {
    sendAgent(this.#pool, agentId, to, Date.now());
  }

  giveWay(newer: AgentLink): Promise<void> {
    return giveWay(this.#pool, newer, Date.now());
  }

  async lostAgents(told: Absence[], now: number): Promise<LostAgent[]> {
    return lostAgents(this.#pool, told, now);
  }

  async fleet(): Promise<FleetSight> {
    return fleetSight(this.#pool, Date.now());
  }

  async listJobs(query: JobQuery): Promise<JobPage> {
    return this.#pool.store.views.list(query);
  }

  async findJob(jobId: string): Promise<JobSightWithHistory | null> {
    return this.#pool.store.views.find(jobId);
  }

  async jobsOfFile(fileId: string): Promise<JobSightWithHistory[]> {
    return this.#pool.store.views.ofFile(fileId);
  }

  stepJob(jobId: string, step: JobStep): Promise<boolean> {
    return stepJob(this.#pool, jobId, step, Date.now());
  }

  retryFile(fileId: string): Promise<number> {
    return retryFile(this.#pool, fileId, Date.now());
  }

  async remake(fileId: string, missingKeys: string[]): Promise<number> {
    const now = Date.now();
    const missing = new Set(missingKeys);
    const again = inTurn(this.#pool, now, (turn) => remakeTurn(turn, fileId, missing));
    if (again.length === 0) inTurn(this.#pool, now, (turn) => forgetRestored(turn, fileId));
    await this.tick(now);
    return again.length;
  }

  async resend(fileId: string): Promise<boolean> {
    const now = Date.now();
    const jobs = this.#pool.store.jobs.ofFile(fileId);
    inTurn(this.#pool, now, (turn) => {
      for (const { id, state } of jobs) if (!isOpen(state)) turn.store.outbox.add(fileId, id, now);
    });
    await this.tick(now);
    return jobs.length > 0;
  }

  async busyFiles(fileIds: string[]): Promise<string[]> {
    const { jobs, outbox } = this.#pool.store;
    return fileIds.filter((id) => jobs.hasOpen(id) || outbox.countOf(id) > 0);
  }

  async filesInHand(fileIds: string[]): Promise<string[]> {
    const { jobs, outbox } = this.#pool.store;
    const now = Date.now();
    return fileIds.filter((id) => jobs.isInHand(id, now) || outbox.countOf(id) > 0);
  }

  async forgetOld(now: number): Promise<number> {
    return inTurn(this.#pool, now, ({ store }) => store.retention.forgetOld(now, FORGOTTEN_PER_CALL));
  }

  #arm(at: number): void {
    const now = Date.now();
    const due = Math.max(at, now + SOONEST_MS);
    if (this.#armedAt !== null && this.#armedAt <= due && this.#armedAt > now) return;
    this.#armedAt = due;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(due));
  }

  #complain(error: unknown): void {
    log(this.#pool, "error", "coordinator", { error: said(error) });
  }
}
