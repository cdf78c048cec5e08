/**
 * Bytes to and from signed addresses, the only file that talks to them: ranged reads that carry on where
 * they broke off, and writes of file slices, both streamed. Used by `source/` and `uploads.ts`. Knows no
 * jobs and no leases; an address is opaque, and a fresh one is asked for through `Address`.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Agent, request, type Dispatcher } from "undici";
import { pause, reasonOf } from "./abort.ts";
import { JobError } from "./errors.ts";
import { tidyAfter } from "./machine/lean-start.ts";
import { Patience, PATIENCE, type PatienceLimits, type Setback } from "./link/patience.ts";
import type { SignedRequest } from "./protocol.ts";

/** A signed address that can be had again. */
export interface Address<T> {
  /** The address as it is; with `refused`, one newer than that. */
  get(refused?: T): Promise<T>;
}

/** `length` bytes from `offset` of a local file. */
export interface FileSlice {
  path: string;
  offset: number;
  length: number;
}

export interface TransferOptions {
  patience: PatienceLimits;
  /** Milliseconds without a byte either way before a request counts as dead. */
  stallMs: number;
  connectMs: number;
  random: () => number;
}

const DEFAULTS: TransferOptions = {
  patience: PATIENCE,
  stallMs: 60_000,
  connectMs: 15_000,
  random: Math.random,
};
/** Bytes read from a file at a time while sending. */
const CHUNK_BYTES = 256 * 1024;

type Answer = Dispatcher.ResponseData<unknown>;
type Sink = (chunk: Buffer, at: number) => Promise<void>;

export class Transfer {
  readonly #options: TransferOptions;
  readonly #dispatcher: Agent;

  constructor(options: Partial<TransferOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
    const { stallMs, connectMs } = this.#options;
    this.#dispatcher = new Agent({
      connect: { timeout: connectMs },
      headersTimeout: stallMs,
      bodyTimeout: stallMs,
    });
  }

  /** Gives each byte of `[from, to)` to `sink`, once and in order, however often the line breaks. */
  async read(
    address: Address<string>,
    [from, to]: readonly [number, number],
    sink: Sink,
    signal: AbortSignal,
  ) {
    let at = from;
    await this.#persist(address, ["denied"], signal, async (url, patience) => {
      const answer = await this.#send(url, {
        method: "GET",
        headers: { range: `bytes=${at}-${to - 1}` },
        signal,
      });
      if (answer.statusCode !== 206 && !(answer.statusCode === 200 && at === 0))
        return this.#setback(answer, "read");
      const taken = await drain(answer.body, to - at, async (chunk) => {
        await sink(chunk, at);
        at += chunk.length;
        patience.progressed();
      });
      return taken && at === to ? null : "unreachable";
    });
  }

  /** Writes a slice as one object or part; answers the storage's etag without quotes. */
  async write(slice: FileSlice, address: Address<SignedRequest>, signal: AbortSignal): Promise<string> {
    let etag = "";
    // A write refused late looks like a broken line, so that one asks for a fresh address too.
    await this.#persist(address, ["denied", "unreachable"], signal, async ({ url, headers }) => {
      const answer = await this.#sendSlice(slice, url, headers, signal);
      if (answer.statusCode < 300) {
        etag = bareEtag(answer.headers["etag"]);
        await discard(answer);
        return null;
      }
      // Already there: an earlier try got through and its answer was lost. Only this attempt can write
      // below this key, and an object's etag is its MD5, so the coordinator's check still compares the bytes.
      if (answer.statusCode === 412) {
        await discard(answer);
        return null;
      }
      return this.#setback(answer, "write");
    });
    return etag === "" ? md5Of(slice) : etag;
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** Tries until `once` answers null. `renewAfter` are the setbacks that cast doubt on the address itself. */
  async #persist<T>(
    address: Address<T>,
    renewAfter: readonly Setback[],
    signal: AbortSignal,
    once: (current: T, patience: Patience) => Promise<Setback | null>,
  ): Promise<void> {
    const patience = new Patience(this.#options.patience, this.#options.random);
    let current = await address.get();
    for (;;) {
      signal.throwIfAborted();
      const setback = await once(current, patience).catch((error: unknown): Setback => {
        if (signal.aborted) throw reasonOf(signal);
        if (isNetworkError(error)) return "unreachable";
        throw error;
      });
      if (setback === null) return;
      const wait = patience.after(setback, Date.now());
      if (wait === null) throw new JobError("network", GIVE_UP[setback]);
      await pause(wait, signal);
      if (renewAfter.includes(setback)) current = await address.get(current);
    }
  }

  async #send(url: string, options: Parameters<typeof request>[1] & object): Promise<Answer> {
    return request(url, { ...options, dispatcher: this.#dispatcher });
  }

  async #sendSlice(
    { path, offset, length }: FileSlice,
    url: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ) {
    const body = createReadStream(path, {
      start: offset,
      end: offset + length - 1,
      highWaterMark: CHUNK_BYTES,
    });
    let unreadable: Error | null = null;
    body.on("error", (error) => (unreadable = error));
    try {
      return await this.#send(url, { method: "PUT", headers: withLength(headers, length), body, signal });
    } catch (error) {
      throw unreadable
        ? new JobError("crashed", "A finished file could not be read again.", { cause: unreadable })
        : error;
    } finally {
      body.destroy();
    }
  }

  async #setback(answer: Answer, direction: "read" | "write"): Promise<Setback> {
    await discard(answer);
    const status = answer.statusCode;
    if (direction === "read" && (status === 404 || status === 410)) {
      throw new JobError("source_gone", "The source is not there any more.");
    }
    if (direction === "read" && status === 416) {
      throw new JobError("source_gone", "The source is not as long as it was said to be.");
    }
    return status === 401 || status === 403 ? "denied" : "busy";
  }
}

const GIVE_UP: Record<Setback, string> = {
  unreachable: "The storage could not be reached for too long.",
  busy: "The storage kept answering with errors.",
  denied: "The storage refused fresh signed addresses.",
};

/** Hands chunks to `sink`, at most `length` bytes; false when the body broke off. A sink's error is its own. */
async function drain(body: Answer["body"], length: number, sink: (chunk: Buffer) => Promise<void>) {
  let left = length;
  const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]();
  try {
    while (left > 0) {
      const next = await chunks.next();
      if (next.done === true) return false;
      const chunk = next.value.subarray(0, left);
      await sink(chunk);
      left -= chunk.length;
      tidyAfter(chunk.length);
    }
    // The end itself, so that the connection can be used again.
    await chunks.next().catch(() => undefined);
    return true;
  } finally {
    body.on("error", () => undefined).destroy();
  }
}

async function discard(answer: Answer): Promise<void> {
  await answer.body.dump().catch(() => undefined);
}

function withLength(headers: Record<string, string>, length: number): Record<string, string> {
  const given = Object.keys(headers).some((name) => name.toLowerCase() === "content-length");
  return given ? headers : { ...headers, "content-length": String(length) };
}

function bareEtag(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value)?.replace(/^W\//, "").replaceAll('"', "") ?? "";
}

async function md5Of({ path, offset, length }: FileSlice): Promise<string> {
  const hash = createHash("md5");
  for await (const chunk of createReadStream(path, { start: offset, end: offset + length - 1 }))
    hash.update(chunk);
  return hash.digest("hex");
}

/** Errors of the line carry a code of undici, of the system's sockets or of name resolution. */
function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof JobError) return false;
  const code: unknown = "code" in error ? error.code : undefined;
  if (
    typeof code === "string" &&
    /^(UND_ERR_|ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|ERR_SSL|ERR_TLS|CERT_|HPE_)/.test(code)
  ) {
    return true;
  }
  return error.cause !== undefined && isNetworkError(error.cause);
}
