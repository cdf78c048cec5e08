/**
 * committing → done: are the objects that an agent named really there? Asked of the storage by HEAD, for keys
 * below this attempt's own prefixes only. Large objects are put together first. What the storage cannot
 * answer now is asked again by the alarm; the ledger is looked at anew after all that waiting.
 */
import { FrameIndex, type Complete, type InspectResult } from "#protocol";
import { forgetMultipart } from "../../catalog/multipart-uploads.ts";
import { buildPlan, headPlan } from "../../media/build-plan.ts";
import type { Head, Plan } from "../../media/plan.ts";
import { bucketOf } from "../../storage/shards.ts";
import { commitTurn } from "./commit-turn.ts";
import { dispatch } from "../grants/dispatch.ts";
import type { Job, StoredObject } from "../ledger/ledger-types.ts";
import { missObjects, postponeCommit } from "../ledger/ledger.ts";
import { inTurn, log, nowAfter, said, type Pool } from "../pool.ts";
import { publishDue } from "./publish.ts";
import { noteDone } from "../grants/speed.ts";
import { apply } from "../turns.ts";
import { topics } from "../watching/waiters.ts";
import type { Wish } from "../store/wish-store.ts";

type Named = Complete["objects"][number];
/** Frame indexes beyond this many bytes are not read into memory: days of video. */
const MAX_INDEX_BYTES = 16 * 1024 * 1024;

/** What is missing or different, as a sentence. */
class Mismatch extends Error {}

/** The job as it is now. One at a time for each. Never throws. */
export async function verifyJob(pool: Pool, job: Job, now: number): Promise<void> {
  const { verifying } = pool.busy;
  if (job.state !== "committing" || verifying.has(job.id)) return;
  verifying.add(job.id);
  try {
    await verify(pool, job, now);
  } finally {
    verifying.delete(job.id);
  }
  await dispatch(pool, now);
}

async function verify(pool: Pool, job: Job, asked: number): Promise<void> {
  try {
    const objects = await findObjects(pool, job);
    const planned = await readPlan(pool, job, objects);
    const now = nowAfter(asked);
    const done = inTurn(pool, now, (turn) => commitTurn(turn, job.id, job.epoch, { objects, ...planned }));
    if (!done) return;
    wakeWaiters(pool, done);
    noteDone(pool, done, now);
    pool.later(publishDue(pool, now));
  } catch (error) {
    const missing = error instanceof Mismatch;
    log(pool, "warn", missing ? "objects are missing" : "storage did not answer", {
      job: job.id,
      error: said(error),
    });
    const now = nowAfter(asked);
    inTurn(pool, now, (turn) => {
      const current = turn.store.jobs.find(job.id);
      if (!current || current.epoch !== job.epoch) return;
      const { random } = turn;
      const after = missing
        ? missObjects(current, said(error), now, random)
        : postponeCommit(current, now, random);
      apply(turn, current, after);
    });
  }
}

async function findObjects(pool: Pool, job: Job): Promise<StoredObject[]> {
  const named = job.manifest?.objects ?? [];
  return Promise.all(named.map((object) => findObject(pool, job, object)));
}

/** An adopted attempt may have uploaded it under an earlier epoch: newest first. */
async function findObject(pool: Pool, job: Job, named: Named): Promise<StoredObject> {
  const wishes = pool.store.wishes.candidates(job.id, named.name, job.prefixes);
  for (const wish of wishes) {
    const found = await headObject(pool, job, wish, named);
    if (found) return found;
  }
  throw new Mismatch(`The object ${named.name} is not there as it was announced.`);
}

async function headObject(pool: Pool, job: Job, wish: Wish, named: Named): Promise<StoredObject | null> {
  const bucket = bucketOf(pool.env, job.shard);
  const head = (await bucket.head(wish.key)) ?? (await putTogether(pool, bucket, job, wish, named));
  if (!head || head.size !== named.size || head.size !== wish.size) return null;
  const known = wish.uploadId === null && named.etag !== "";
  if (known && unquote(named.etag) !== head.etag) return null;
  return { name: named.name, key: wish.key, size: head.size, etag: head.etag, type: wish.type };
}

/**
 * Completing an upload twice answers 404, so a HEAD comes first, and another after a refusal: the answer to an
 * earlier try may have been lost.
 */
async function putTogether(
  pool: Pool,
  bucket: R2Bucket,
  job: Job,
  wish: Wish,
  named: Named,
): Promise<R2Object | null> {
  if (wish.uploadId === null || !named.parts) return null;
  const parts = named.parts.map(({ number, etag }) => ({ partNumber: number, etag: unquote(etag) }));
  try {
    await bucket.resumeMultipartUpload(wish.key, wish.uploadId).complete(parts);
  } catch (error) {
    const there = await bucket.head(wish.key);
    if (!there && !isRefusal(error)) throw error;
    // Its row stays, by which the sweep ends an upload whose parts did not fit.
    if (!there) return null;
  }
  await forgetMultipart(pool.db, { uploadId: wish.uploadId, shard: job.shard, objectKey: wish.key });
  return bucket.head(wish.key);
}

/** R2 answered, and the answer is no: the upload is unknown, or its parts do not fit. */
function isRefusal(error: unknown): boolean {
  return /\(100(11|24|25|48|58)\)|does not exist|parts could not be found|invalid part/i.test(said(error));
}

function unquote(etag: string): string {
  return etag.replaceAll('"', "");
}

interface Planned {
  plan: Plan | null;
  head: Head | null;
}
const UNPLANNED: Planned = { plan: null, head: null };

/** A frame index becomes the plan, whether it came with the inspection or after it; until then there is a head. */
async function readPlan(pool: Pool, job: Job, objects: readonly StoredObject[]): Promise<Planned> {
  const { fileId, manifest } = job;
  const result = manifest?.result;
  const inspection = result?.kind === "index" ? inspectionOf(pool, fileId) : result;
  if (inspection?.kind !== "inspect" || inspection.video === null) return UNPLANNED;
  const name = result?.kind === "index" ? result.index : inspection.video.index;
  if (name === null) return { plan: null, head: await headPlan(fileId, inspection, pool.config.ladder) };
  const index = await readIndex(pool, job, objects, name);
  return { plan: await buildPlan(fileId, inspection, index, pool.config.ladder), head: null };
}

function inspectionOf(pool: Pool, fileId: string): InspectResult | undefined {
  const [job] = pool.store.jobs.ofKind(fileId, ["inspect"]);
  const result = job?.state === "done" ? job.manifest?.result : undefined;
  return result?.kind === "inspect" ? result : undefined;
}

async function readIndex(
  pool: Pool,
  job: Job,
  objects: readonly StoredObject[],
  named: string,
): Promise<FrameIndex> {
  const object = objects.find(({ name }) => name === named);
  if (!object || object.size > MAX_INDEX_BYTES) throw new Mismatch("The frame index is too large.");
  const body = await bucketOf(pool.env, job.shard).get(object.key);
  if (!body) throw new Mismatch("The frame index is gone.");
  const parsed = FrameIndex.safeParse(jsonOf(await body.text()));
  if (!parsed.success) throw new Mismatch("The frame index is not understood.");
  return parsed.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wakeWaiters(pool: Pool, job: Job): void {
  if (job.planId === null) return;
  for (const { planId, track, segment } of pool.store.claims.ofJob(job.id)) {
    pool.waiters.call(topics.segment(planId, track, segment));
  }
}
