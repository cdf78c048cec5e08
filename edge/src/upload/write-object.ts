/**
 * Writes a source into R2 under one key, taking the SHA-256 on the way: in one put where the length is known or
 * all bytes are at hand, else as a multipart upload in fixed buffers. Each step waits for the one before, so
 * memory does not grow with the file. It knows buckets, not files; on failure it leaves the key to its caller.
 */
import { MIB } from "../config.ts";
import { hex } from "../catalog/ids.ts";
import { refuseTooLarge } from "./limits.ts";
import { endedEarly, type Source } from "./source.ts";

export const PART_BYTES = 8 * MIB;

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
  await stored(to.bucket.put(to.key, bytes, to.options));
  return { size: bytes.length, sha256: hex(new Uint8Array(digest)) };
}

/** One loop feeds the digest and R2: a tee() would keep in memory what the slower side has not taken (measured +417 MB). */
async function putStream(source: Source, length: number, to: Destination): Promise<WrittenObject> {
  const { readable, writable } = new FixedLengthStream(length);
  const writer = writable.getWriter();
  const digest = new Digest();
  const put = stored(to.bucket.put(to.key, readable, to.options));
  const pump = async () => {
    let sent = 0;
    for (let chunk: Uint8Array | null = source.head; chunk !== null; chunk = await source.rest()) {
      await Promise.all([writer.write(chunk).catch(() => put), digest.write(chunk)]);
      sent += chunk.length;
    }
    if (sent < length) endedEarly();
    await writer.close().catch(() => put);
  };
  try {
    await Promise.all([pump(), put]);
  } catch (error) {
    await Promise.allSettled([writer.abort(error), digest.abort(), put]);
    throw error;
  }
  return { size: length, sha256: await digest.finish() };
}

async function putParts(source: Source, maxFileBytes: number, to: Destination): Promise<WrittenObject> {
  const upload = await stored(to.bucket.createMultipartUpload(to.key, to.options));
  const digest = new Digest();
  try {
    await to.noteMultipart(upload.uploadId);
    const { parts, size } = await sendParts(upload, digest, source, maxFileBytes);
    await stored(upload.complete(parts));
    await to.forgetMultipart(upload.uploadId);
    return { size, sha256: await digest.finish() };
  } catch (error) {
    await Promise.allSettled([digest.abort(), abort(upload, to)]);
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
    parts.push(await stored(upload.uploadPart(parts.length + 1, piece)));
  }
  return { parts, size };
}

/** The row stays when R2 does not answer: the sweep then aborts what is left. */
async function abort(upload: R2MultipartUpload, to: Destination): Promise<void> {
  await upload.abort();
  await to.forgetMultipart(upload.uploadId);
}

async function stored<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw new StorageFailure("R2 did not take the bytes", { cause: error });
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

  async abort(): Promise<void> {
    this.#stream.digest.catch(() => {});
    await this.#writer.abort();
  }
}
