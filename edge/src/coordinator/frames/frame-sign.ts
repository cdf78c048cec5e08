/**
 * `sign`: addresses for what an agent uploads next, or reads again. They bind method, key, length and type,
 * lie below the attempt's own prefix, and are given only for the current lease. Large objects become
 * multipart uploads, begun here by binding and completed in `verify.ts`.
 */
import {
  MAX_SIGNED_PER_FRAME,
  MULTIPART_THRESHOLD_BYTES,
  PART_BYTES,
  type ObjectWish,
  type Sign,
  type Signed,
  type SignedRequest,
} from "#protocol";
import { noteMultipart } from "../../catalog/multipart-uploads.ts";
import type { Signer } from "../../storage/sign.ts";
import { bucketOf } from "../../storage/shards.ts";
import type { Incoming } from "./incoming.ts";
import { claimOf, findHeld, stale } from "./lease-check.ts";
import type { Job } from "../ledger/ledger-types.ts";
import { signerFor, type Pool } from "../pool.ts";
import type { Outgoing } from "./sockets.ts";
import type { Wish } from "../store/wish-store.ts";

/** What processors make; nothing else is signed for. */
const TYPES = [
  ...["image/webp", "image/jpeg", "image/avif", "video/mp4", "audio/mp4", "application/json"],
  ...["video/iso.segment", "text/vtt"],
];
/** 10,000 parts, as R2 has it. */
const MAX_OBJECT_BYTES = 10_000 * PART_BYTES;

export async function signFrame({ pool, badge, now }: Incoming, sign: Sign): Promise<Outgoing> {
  const claim = await claimOf(badge.agentId, sign.lease);
  const job = findHeld(pool.store, claim);
  if (!job) return stale(sign.seq);
  const fault = faultOf(job, sign);
  if (fault !== null) return { type: "refused", re: sign.seq, reason: "invalid", message: fault };
  const signer = signerFor(pool, badge.origin);
  return {
    type: "signed",
    re: sign.seq,
    inputs: await signInputs(signer, job, sign.inputs),
    outputs: await signOutputs(pool, signer, job, sign.outputs, now),
    parts: await signParts(pool, signer, job, sign.parts),
  };
}

function faultOf(job: Job, { inputs, outputs, parts }: Sign): string | null {
  const asked = inputs.length + outputs.length + parts.reduce((sum, { numbers }) => sum + numbers.length, 0);
  if (asked > MAX_SIGNED_PER_FRAME) return `Ask for at most ${MAX_SIGNED_PER_FRAME} addresses at once.`;
  const unknown = inputs.find((name) => !job.inputs.some((input) => input.name === name));
  if (unknown !== undefined) return `The job has no input ${unknown}.`;
  const strange = outputs.find(({ type }) => !TYPES.includes(type));
  if (strange) return `Objects of type ${strange.type} are not taken.`;
  const huge = outputs.find(({ size }) => size > MAX_OBJECT_BYTES);
  return huge ? `${huge.name} is larger than ${MAX_OBJECT_BYTES} bytes.` : null;
}

async function signInputs(
  signer: Signer,
  job: Job,
  names: readonly string[],
): Promise<Record<string, string>> {
  const inputs = job.inputs.filter(({ name }) => names.includes(name));
  const signed = inputs.map(async ({ name, key }) => [name, await signer.get(job.shard, key)] as const);
  return Object.fromEntries(await Promise.all(signed));
}

async function signOutputs(
  pool: Pool,
  signer: Signer,
  job: Job,
  wishes: readonly ObjectWish[],
  now: number,
): Promise<Signed["outputs"]> {
  const outputs: Signed["outputs"] = {};
  for (const asked of wishes) {
    const wish = pool.store.wishes.note(job.id, job.epoch, keyOf(job, asked.name), asked);
    if (wish.size > MULTIPART_THRESHOLD_BYTES) {
      await beginMultipart(pool, job, wish, now);
      outputs[wish.name] = { multipart: { partBytes: PART_BYTES, parts: Math.ceil(wish.size / PART_BYTES) } };
    } else {
      const { size, type, md5 } = wish;
      const put = await signer.put(job.shard, wish.key, { size, type, ...(md5 === null ? {} : { md5 }) });
      outputs[wish.name] = { put };
    }
  }
  return outputs;
}

async function signParts(
  pool: Pool,
  signer: Signer,
  job: Job,
  asked: Sign["parts"],
): Promise<Signed["parts"]> {
  const parts: Signed["parts"] = {};
  for (const { name, numbers } of asked) {
    const begun = pool.store.wishes.candidates(job.id, name, job.prefixes);
    const wish = begun.find(({ uploadId }) => uploadId !== null);
    if (!wish?.uploadId) continue;
    const { key, size: whole, uploadId: upload } = wish;
    const last = Math.ceil(whole / PART_BYTES);
    parts[name] = await Promise.all(
      numbers
        .filter((number) => number <= last)
        .map(async (number): Promise<{ number: number; put: SignedRequest }> => {
          const size = number < last ? PART_BYTES : whole - (last - 1) * PART_BYTES;
          return { number, put: await signer.part(job.shard, key, { upload, number, size }) };
        }),
    );
  }
  return parts;
}

/**
 * Begun once for each key, also when the frame comes twice. No upload is known here that the catalogue does not know:
 * should the attempt be lost, only its row makes the sweep abort it.
 */
async function beginMultipart(pool: Pool, job: Job, wish: Wish, now: number): Promise<void> {
  if (wish.uploadId !== null) return;
  const bucket = bucketOf(pool.env, job.shard);
  const upload = await bucket.createMultipartUpload(wish.key, { httpMetadata: { contentType: wish.type } });
  try {
    await noteMultipart(pool.db, { uploadId: upload.uploadId, shard: job.shard, objectKey: wish.key }, now);
  } catch (error) {
    await upload.abort();
    throw error;
  }
  const known = pool.store.wishes.find(wish.key);
  if (!known || known.uploadId !== null) return upload.abort();
  pool.store.wishes.setUpload(wish.key, upload.uploadId);
}

function keyOf(job: Job, name: string): string {
  return `${job.prefixes[0] ?? ""}${name}`;
}
