/**
 * Writes a source into R2 under one key, taking the SHA-256 on the way: in one put where the length is known or
 * all bytes are at hand, else as a multipart upload in fixed buffers. Each step waits for the one before, so
 * memory does not grow with the file. It knows buckets, not files; on failure it leaves the key to its caller.
 */
import { MIB, MINUTE, SECOND } from "../config.ts";
import { hex } from "../catalog/ids.ts";
import { refuseTooLarge } from "./limits.ts";
import { endedEarly, type Source } from "./source.ts";

export const PART_BYTES = 8 * MIB;
/** Storage that hangs is storage that fails: nobody waits longer for it to take a piece … */
const STALL_MS = 10 * SECOND;
/** … plus the time of its bytes at a slow 1 MB a second, … */
const SLOWEST_BYTES_PER_MS = 1_000;
/** … nor to say that it has all of them. */
const FINISH_MS = MINUTE;

export interface WrittenObject {
  size: number;
  /** Hex. */
  sha256: string;
}

export interface Destination {
  bucket: R2Bucket;
  key: string;
  options: Pick<R2PutOptions, "httpMetadata" | "customMetadata">;
  /** Told of a multipart upload before its first part, so that a crash leaves a trace. */
  noteMultipart(uploadId: string): Promise<void>;
  forgetMultipart(uploadId: string): Promise<void>;
}

/** Storage said no; whether the sender or another shard can help is for the caller to decide. */
export class StorageFailure extends Error {}

/** `length` is the file's own, where it is known; where it is not, the source comes in pieces of PART_BYTES. */
export function writeObject(
  source: Source,
  length: number | null,
  maxFileBytes: number,
  to: Destination,
): Promise<WrittenObject> {
  if (source.whole) return putWhole(source.head, to);
  return length === null ? putParts(source, maxFileBytes, to) : putStream(source, length, to);
}

async function putWhole(bytes: Uint8Array, to: Destination): Promise<WrittenObject> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const object = await within(patience(bytes), stored(to.bucket.put(to.key, bytes, to.options)));
  requireSize(object, bytes.length);
  return { size: bytes.length, sha256: hex(new Uint8Array(digest)) };
}

/** One loop feeds the digest and R2: a tee() would keep in memory what the slower side has not taken (measured +417 MB). */
async function putStream(source: Source, length: number, to: Destination): Promise<WrittenObject> {
  const { readable, writable } = new FixedLengthStream(length);
  const writer = writable.getWriter();
  const digest = new Digest();
  const put = stored(to.bucket.put(to.key, readable, to.options));
  try {
    let sent = 0;
    for (let chunk: Uint8Array | null = source.head; chunk !== null; chunk = await source.rest()) {
      await within(
        patience(chunk),
        Promise.race([Promise.all([writer.write(chunk).catch(() => put), digest.write(chunk)]), put]),
      );
      sent += chunk.length;
    }
    if (sent < length) endedEarly();
    const [, object] = await within(FINISH_MS, Promise.all([writer.close().catch(() => put), put]));
    requireSize(object, length);
    return { size: length, sha256: await digest.finish() };
  } catch (error) {
    // Not awaited: a shard that hangs would hold us here too. Without its last byte the put cannot succeed.
    put.catch(() => {});
    writer.abort(error).catch(() => {});
    digest.abort();
    throw error;
  }
}

async function putParts(source: Source, maxFileBytes: number, to: Destination): Promise<WrittenObject> {
  const upload = await stored(to.bucket.createMultipartUpload(to.key, to.options));
  const digest = new Digest();
  try {
    await to.noteMultipart(upload.uploadId);
    const { parts, size } = await sendParts(upload, digest, source, maxFileBytes);
    requireSize(await within(FINISH_MS, stored(upload.complete(parts))), size);
    await to.forgetMultipart(upload.uploadId);
    return { size, sha256: await digest.finish() };
  } catch (error) {
    digest.abort();
    await abort(upload, to).catch(() => {});
    throw error;
  }
}

async function sendParts(upload: R2MultipartUpload, digest: Digest, source: Source, maxFileBytes: number) {
  const parts: R2UploadedPart[] = [];
  let size = 0;
  for (let piece: Uint8Array | null = source.head; piece !== null; piece = await source.rest()) {
    size += piece.length;
    refuseTooLarge(size, { maxFileBytes });
    await digest.write(piece);
    parts.push(await within(patience(piece), stored(upload.uploadPart(parts.length + 1, piece))));
  }
  return { parts, size };
}

/** The row stays when R2 does not answer: the sweep then aborts what is left. */
async function abort(upload: R2MultipartUpload, to: Destination): Promise<void> {
  await upload.abort();
  await to.forgetMultipart(upload.uploadId);
}

/** What R2 says it has is what was sent: it answers with the object's head, so that no further look is needed. */
function requireSize(object: R2Object, size: number): void {
  if (object.size !== size) throw new StorageFailure(`R2 kept ${object.size} of ${size} bytes`);
}

async function stored<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw new StorageFailure("R2 did not take the bytes", { cause: error });
  }
}

/** Milliseconds. */
function patience(bytes: Uint8Array): number {
  return STALL_MS + bytes.length / SLOWEST_BYTES_PER_MS;
}

async function within<T>(limitMs: number, step: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StorageFailure(`R2 did not answer in ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([step, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

/** SHA-256 of bytes as they pass. */
class Digest {
  readonly #stream = new crypto.DigestStream("SHA-256");
  readonly #writer = this.#stream.getWriter();

  write(bytes: Uint8Array): Promise<void> {
    return this.#writer.write(bytes);
  }

  async finish(): Promise<string> {
    await this.#writer.close();
    return hex(new Uint8Array(await this.#stream.digest));
  }

  abort(): void {
    this.#stream.digest.catch(() => {});
    this.#writer.abort().catch(() => {});
  }
}
