/**
 * Requests to the edge in a simulation: uploads, deletions, viewers and the minute's cron, each a process of its
 * own that can die anywhere. They call what the doors call: the catalogue, the buckets and the coordinator's stub.
 */
import {
  deleteFile,
  type FileRow,
  findFile,
  releaseReservation,
  reserveFile,
  storeFile,
} from "../../catalog/files.ts";
import type { SegmentLocation } from "../../catalog/rectangles.ts";
import { base62, newSlug, ulid } from "../../catalog/ids.ts";
import { markWorkSent } from "../../catalog/outbox.ts";
import { MAIN_POOL } from "../../config.ts";
import { openDatabase, type Database } from "../../db/client.ts";
import { originalKey } from "../../storage/object-keys.ts";
import { removeFileObjects } from "../../storage/removal.ts";
import { bucketOf } from "../../storage/shards.ts";
import { coordinatorOf, toStoredFile } from "../client.ts";
import { runScheduled } from "../sweeps/scheduled.ts";
import { etagOf } from "./bucket.ts";
import type { PlannedFile, PlannedViewer } from "./plan.ts";
import type { Watched } from "./viewer-watch.ts";
import { createProcess, type Process, type World } from "./world.ts";

const BUDGET_BYTES = 10 ** 12;
/** Tries of whoever uploads or deletes, and milliseconds between two. */
const TRIES = 8;
const PAUSE_MS = 20_000;
/** A deletion whose word waits for a moment that does not come. */
const LURKED_MS = 30_000;
/** Kinds that an agent makes something of. */
const DERIVED = ["image", "animation", "video", "audio"];

export class Edge {
  /** Ids of what was acknowledged, by the plan's number. */
  readonly slugs = new Map<number, string>();
  /** Of those, whose deletion was asked for at some time: it may have been done, whatever was answered. */
  readonly unwanted = new Set<string>();
  /** Requests that still go on. */
  readonly requests = new Set<Process>();
  /** In this moment the coordinator is told of a file. */
  announcing: (file: PlannedFile) => void = () => {};
  /** Somebody was answered a segment. */
  answered: (watched: Watched, found: SegmentLocation) => void = () => {};
  /** A request failed. */
  failed: (error: unknown) => void = () => {};
  readonly #world: World;
  readonly #env: Env;
  #count = 0;

  constructor(world: World, env: Env) {
    this.#world = world;
    this.#env = env;
  }

  upload(file: PlannedFile): void {
    this.#serve(`upload ${file.id}`, (db) => this.#persist(() => this.#keep(db, file)));
  }

  /** `lurks`: the coordinator hears of it in the midst of verifying something of the file. */
  remove(file: number, lurks: boolean): void {
    this.#serve(`delete ${file}`, (db) => this.#persist(() => this.#delete(db, file, lurks)));
  }

  watch(viewer: PlannedViewer): void {
    this.#serve(`viewer ${viewer.id}`, () => this.#view(viewer));
  }

  cron(minute: number): void {
    this.#serve("cron", () => runScheduled(this.#env, "* * * * *", minute));
  }

  /** The operator changes their mind about a job, so many milliseconds after having cancelled it. */
  reconsider(job: string, afterMs: number): void {
    const coordinator = coordinatorOf(this.#env, MAIN_POOL);
    this.#serve(`operator ${job}`, async () => {
      await coordinator.stepJob(job, "cancel");
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await coordinator.stepJob(job, "redrive");
    });
  }

  /** The operator has what was given up of a file tried once more; what somebody stopped, one by one. */
  retry(fileId: string, stopped: readonly string[]): void {
    const coordinator = coordinatorOf(this.#env, MAIN_POOL);
    this.#serve(`retry ${fileId}`, async () => {
      await coordinator.retryFile(fileId);
      for (const job of stopped) await coordinator.stepJob(job, "redrive");
    });
  }

  #serve(label: string, act: (db: Database) => Promise<unknown>): void {
    const process = createProcess(`${label}.${(this.#count += 1)}`);
    this.requests.add(process);
    const over = () => void this.requests.delete(process);
    this.#world.after(1, process, "begins", () => {
      act(openDatabase(this.#env.DB)).then(over, (error: unknown) => {
        this.#world.note(`${label} failed: ${error instanceof Error ? error.message.slice(0, 80) : "?"}`);
        this.failed(error);
        over();
      });
    });
  }

  /** Whoever wants it tries again later. */
  async #persist(act: () => Promise<boolean>): Promise<void> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const done = await act().catch((error: unknown) => {
        this.failed(error);
      });
      if (done === true) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #keep(db: Database, file: PlannedFile): Promise<boolean> {
    const now = Date.now();
    const id = newSlug();
    const objectKey = originalKey(id, base62(12));
    const { kind, owner, shard, size } = file;
    const row = {
      id,
      owner,
      name: "a",
      extension: "bin",
      type: "application/octet-stream",
      kind,
      size,
      shard,
      pool: MAIN_POOL,
    };
    await reserveFile(db, { ...row, objectKey, deleteKeyHash: "h", now }, BUDGET_BYTES);
    try {
      const bucket = bucketOf(this.#env, shard);
      const body = { size, etag: etagOf(id), text: null };
      await bucket.put(objectKey, body as unknown as string);
      const outboxId = DERIVED.includes(kind) ? ulid(Date.now()) : null;
      const status = outboxId === null ? "ready" : "processing";
      const stored = await storeFile(db, id, { size, sha256: id, status, outboxId, now: Date.now() });
      if (!stored) return false;
      this.slugs.set(file.id, id);
      if (outboxId !== null && !file.unannounced) {
        this.announcing(file);
        await this.#announce(db, stored, outboxId);
      }
      return true;
    } catch (error) {
      this.failed(error);
      if (this.slugs.has(file.id)) return true;
      const released = await releaseReservation(db, id);
      if (!released && (await findFile(db, id)) !== null) return false;
      await bucketOf(this.#env, shard).delete(objectKey);
      throw error;
    }
  }

  /** As `waitUntil` does it: what fails here the sweep mends. */
  async #announce(db: Database, file: FileRow, outboxId: string): Promise<void> {
    await coordinatorOf(this.#env, MAIN_POOL).enqueueFile(file.id, outboxId, toStoredFile(file));
    await markWorkSent(db, [outboxId], Date.now());
  }

  async #delete(db: Database, planned: number, lurks: boolean): Promise<boolean> {
    const id = this.slugs.get(planned);
    const file = id === undefined ? null : await findFile(db, id);
    if (!file) return false;
    this.unwanted.add(file.id);
    const work = await deleteFile(db, file, Date.now());
    if (!work) return true;
    if (lurks) await this.#verification(file.id);
    const told = await Promise.allSettled([
      coordinatorOf(this.#env, file.pool)
        .cancelFile(file.id)
        .then(() => markWorkSent(db, [work.id], Date.now())),
      removeFileObjects(bucketOf(this.#env, file.shard), file.id),
    ]);
    for (const one of told) if (one.status === "rejected") this.failed(one.reason);
    return true;
  }

  /** Until an object of the file is looked for, or for a while. */
  #verification(fileId: string): Promise<void> {
    const { current } = this.#world;
    return new Promise((resolve) => {
      const seen = () => void this.#world.after(1, current, "lurked", resolve);
      this.#world.traps.add((label) => {
        if (!label.startsWith(`r2 head r/${fileId}/`)) return false;
        seen();
        return true;
      });
      setTimeout(resolve, LURKED_MS);
    });
  }

  /** Waits for the plan, then plays on from a place, or leaves. */
  async #view({ id, file, from, segments, rung }: PlannedViewer): Promise<void> {
    const coordinator = coordinatorOf(this.#env, MAIN_POOL);
    const slug = this.slugs.get(file);
    if (slug === undefined) return;
    let planId: string | null = null;
    for (let wait = 0; wait < 8 && planId === null; wait++) planId = await coordinator.awaitPlan(slug, 8_000);
    if (planId === null) return;
    for (let segment = from; segment < from + segments; segment++) {
      for (let wait = 0; wait < 4; wait++) {
        const found = await coordinator.awaitSegment(planId, rung, segment, 8_000, `viewer-${id}`);
        if (found) this.answered({ fileId: slug, track: rung, segment }, found);
        if (found) break;
      }
      await coordinator.progress(slug);
    }
  }
}
