/**
 * The inputs that jobs of this agent read, shared between jobs of one file: counted while used, kept a while
 * after, since the next rectangle of a video usually follows. Gives `job.ts` a `Source` for each.
 */
import { randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { asJobError } from "../machine/disk.ts";
import type { Gate } from "../sending/gate.ts";
import type { Source } from "../processors/processor.ts";
import type { Address, Transfer } from "../transfer.ts";
import { openFolder } from "../workspace.ts";
import { Derivatives } from "./derivatives.ts";
import { HeadStart } from "./head-start.ts";
import { Input } from "./input.ts";
import { ASIDE, type SourceServer } from "./server.ts";

/** An unused input stays so many milliseconds; what is on its way may go on arriving for the first of them. */
const LINGER_MS = 120_000;
const REST_MS = 10_000;

/** A job's wish for an input. `sign` gets a fresh address for it, for as long as the job's lease lives. */
export interface InputWish {
  name: string;
  size: number;
  url: string | undefined;
  sign: () => Promise<string>;
  signal: AbortSignal;
}

export interface HeldSource {
  source: Source;
  /** What last kept this job's bytes from coming; a tool that read them may have called it anything. */
  failure: () => Error | null;
  release: () => void;
}

interface Reader {
  wish: InputWish;
  failure: Error | null;
}

/** An input with the jobs that read it now. */
interface Shared {
  input: Input;
  /** Files made from it: remuxes. */
  derivatives: Derivatives;
  headStart: HeadStart;
  /** Loopback address. */
  url: string;
  /** Signed address, the newest anybody got. */
  signed: string;
  renewing: Promise<string> | null;
  readers: Set<Reader>;
  linger: NodeJS.Timeout | null;
}

export interface InputsOptions {
  folder: string;
  server: SourceServer;
  transfer: Transfer;
  gate: Gate;
  lingerMs?: number;
}

export class Inputs {
  readonly #options: InputsOptions;
  readonly #shared = new Map<string, Promise<Shared>>();

  constructor(options: InputsOptions) {
    this.#options = options;
  }

  async acquire(wish: InputWish): Promise<HeldSource> {
    const signed = wish.url ?? (await wish.sign());
    const identity = identityOf(signed, wish.size);
    const opening = this.#find(identity, signed, wish.size);
    const shared = await opening;
    // Forgotten in the meantime: open it again.
    if (this.#shared.get(identity) !== opening) return this.acquire(wish);
    if (shared.linger) clearTimeout(shared.linger);
    shared.linger = null;
    shared.signed = signed;
    const reader: Reader = { wish, failure: null };
    shared.readers.add(reader);
    return {
      source: sourceOf(shared, wish.signal),
      failure: () => reader.failure,
      release: () => this.#release(identity, shared, reader),
    };
  }

  /** Bytes that would have to be fetched to have all of these; what is named more than once counts once. */
  async missing(
    wishes: readonly (Pick<InputWish, "size"> & { url?: string | undefined })[],
  ): Promise<number> {
    const seen = new Set<string>();
    let bytes = 0;
    for (const { url, size } of wishes) {
      const identity = url === undefined ? null : identityOf(url, size);
      if (identity !== null && seen.has(identity)) continue;
      if (identity !== null) seen.add(identity);
      const known = identity === null ? undefined : this.#shared.get(identity);
      bytes += known ? (await known).input.missing : size;
    }
    return bytes;
  }

  /** Forgets what nobody reads now: for when the disk is short. */
  async evictIdle(): Promise<void> {
    for (const [identity, promise] of this.#shared) {
      const shared = await promise;
      if (shared.readers.size === 0) await this.#forget(identity, shared);
    }
  }

  async close(): Promise<void> {
    for (const [identity, promise] of this.#shared) await this.#forget(identity, await promise);
  }

  #find(identity: string, signed: string, size: number): Promise<Shared> {
    const known = this.#shared.get(identity);
    if (known) return known;
    const opening = this.#open(signed, size);
    this.#shared.set(identity, opening);
    opening.catch(() => this.#shared.delete(identity));
    return opening;
  }

  async #open(signed: string, size: number): Promise<Shared> {
    const { folder, server, transfer, gate } = this.#options;
    await openFolder(folder);
    const input = await Input.open(join(folder, randomUUID()), size, async (range, sink, signal) => {
      try {
        await gate.run(signal, () => transfer.read(addressOf(shared), range, sink, signal));
      } catch (error) {
        const failure = asJobError(error);
        if (!signal.aborted) shared.readers.forEach((reader) => (reader.failure = failure));
        throw error;
      }
    });
    const shared: Shared = {
      input,
      derivatives: new Derivatives(input.path),
      headStart: new HeadStart(),
      url: server.publish(input),
      signed,
      renewing: null,
      readers: new Set(),
      linger: null,
    };
    return shared;
  }

  #release(identity: string, shared: Shared, reader: Reader): void {
    shared.readers.delete(reader);
    if (shared.readers.size > 0) return;
    const lingerMs = this.#options.lingerMs ?? LINGER_MS;
    const forget = () => void this.#forget(identity, shared);
    const rest = () => {
      shared.input.rest();
      shared.derivatives.rest();
      shared.linger = setTimeout(forget, Math.max(0, lingerMs - REST_MS)).unref();
    };
    shared.linger = setTimeout(rest, Math.min(lingerMs, REST_MS)).unref();
  }

  async #forget(identity: string, shared: Shared): Promise<void> {
    this.#shared.delete(identity);
    if (shared.linger) clearTimeout(shared.linger);
    this.#options.server.withdraw(shared.url);
    await shared.derivatives.close();
    await shared.input.close();
  }
}

/** Signatures stand in the query; one path is one object, and objects never change. */
function identityOf(signed: string, size: number): string {
  const { origin, pathname } = new URL(signed);
  return `${origin}${pathname} ${size}`;
}

function addressOf(shared: Shared): Address<string> {
  return {
    get: async (refused) => {
      if (refused !== shared.signed) return shared.signed;
      shared.renewing ??= renew(shared).finally(() => (shared.renewing = null));
      return shared.renewing;
    },
  };
}

/** A fresh address from whichever job can still get one. */
async function renew(shared: Shared): Promise<string> {
  let last: unknown = new Error("nobody reads this input any more");
  for (const { wish } of shared.readers) {
    try {
      shared.signed = await wish.sign();
      return shared.signed;
    } catch (error) {
      // One job's lease may be gone while others still hold theirs.
      last = error;
    }
  }
  throw last;
}

function sourceOf({ input, url, derivatives, headStart }: Shared, signal: AbortSignal): Source {
  return {
    size: input.size,
    url,
    asideUrl: `${url}${ASIDE}`,
    download: async () => {
      await input.fill(0, input.size, signal);
      return input.path;
    },
    appendTo: async (path, offset, length) => {
      const file = await open(path, "a");
      try {
        for await (const chunk of input.read(offset, offset + length, signal)) await file.appendFile(chunk);
      } finally {
        await file.close();
      }
    },
    read: async (offset, length) => {
      const until = Math.min(input.size, offset + length);
      const bytes = Buffer.allocUnsafe(Math.max(0, until - offset));
      let at = 0;
      for await (const chunk of input.read(offset, until, signal)) at += chunk.copy(bytes, at);
      return bytes;
    },
    derive: (name, make) => derivatives.get(name, make, signal),
    lead: (work) => headStart.lead(work),
    standBack: () => headStart.standBack(signal),
  };
}
