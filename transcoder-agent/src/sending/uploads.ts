/**
 * The uploads of one job: each product is sent as soon as it is delivered, while the job goes on. Addresses
 * are asked for in batches; large objects go in parts. Used by `job.ts`, which awaits them all.
 */
import { stat } from "node:fs/promises";
import type { Asking } from "../link/asking.ts";
import { JobError } from "../errors.ts";
import type { Gate } from "./gate.ts";
import { PartAddresses } from "./part-addresses.ts";
import type { Product } from "../processors/processor.ts";
import {
  MAX_SIGNED_PER_FRAME,
  type Complete,
  type ObjectWish,
  type Signed,
  type SignedRequest,
} from "../protocol.ts";
import type { Address, Transfer } from "../transfer.ts";

type Uploaded = Complete["objects"][number];
type Target = Signed["outputs"][string];
type Parts = Extract<Target, { multipart: unknown }>["multipart"];

/** Parts of one object under way together. */
const PART_LANES = 3;
/**
 * On a slow line what came first is to be through first: the next lease waits for it. So what is large has the line for
 * itself, and small objects go side by side.
 */
const BYTES_A_PLACE = 1_500_000;
/** Milliseconds in which wishes are gathered into one frame. */
const GATHER_MS = 5;

export interface UploadsOptions {
  asking: Asking;
  transfer: Transfer;
  /** Shared by all jobs: how many requests may send at a time. */
  gate: Gate;
  signal: AbortSignal;
  /** Told at once when an upload fails for good, so that the job need not be made to its end. */
  failed: (error: Error) => void;
}

interface Wish {
  wish: ObjectWish;
  resolve: (target: Target) => void;
  reject: (error: unknown) => void;
}

export class Uploads {
  readonly #options: UploadsOptions;
  readonly #running: Promise<Uploaded>[] = [];
  readonly #names = new Set<string>();
  #wishes: Wish[] = [];

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Starts the upload of a finished file. */
  add(product: Product): void {
    if (this.#names.has(product.name))
      throw new JobError("crashed", `Two products are named ${product.name}.`);
    this.#names.add(product.name);
    const upload = this.#upload(product);
    this.#running.push(upload);
    upload.catch((error: unknown) =>
      this.#options.failed(error instanceof Error ? error : new Error(String(error))),
    );
  }

  /** All that was delivered, once it is there. */
  async settled(): Promise<Uploaded[]> {
    return Promise.all(this.#running);
  }

  /** When nothing is being sent any more, however it ended. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #upload({ name, type, path }: Product): Promise<Uploaded> {
    const { size } = await stat(path);
    if (size === 0) throw new JobError("incomplete", `${name} came out empty.`);
    const wish: ObjectWish = { name, size, type };
    const target = await this.#sign(wish);
    if ("multipart" in target) return this.#uploadParts(wish, path, target.multipart);
    const address = renewable(target.put, async () => putOf(await this.#sign(wish)));
    return { name, size, etag: await this.#send({ path, offset: 0, length: size }, address) };
  }

  async #uploadParts(
    { name, size }: ObjectWish,
    path: string,
    { partBytes, parts }: Parts,
  ): Promise<Uploaded> {
    if (parts !== Math.ceil(size / partBytes)) {
      throw new JobError(
        "crashed",
        `The edge wants ${name} in ${parts} parts of ${partBytes} bytes, which do not make ${size}.`,
      );
    }
    const addresses = new PartAddresses(name, parts, this.#options.asking);
    const etags: { number: number; etag: string }[] = [];
    let next = 1;
    const lane = async () => {
      for (let number = next++; number <= parts; number = next++) {
        const offset = (number - 1) * partBytes;
        const slice = { path, offset, length: Math.min(partBytes, size - offset) };
        etags.push({ number, etag: await this.#send(slice, addresses.of(number)) });
      }
    };
    await Promise.all(Array.from({ length: PART_LANES }, lane));
    return { name, size, etag: "", parts: etags.toSorted((a, b) => a.number - b.number) };
  }

  #send(slice: Parameters<Transfer["write"]>[0], address: Address<SignedRequest>): Promise<string> {
    const { gate, transfer, signal } = this.#options;
    const places = Math.ceil(slice.length / BYTES_A_PLACE);
    return gate.run(signal, () => transfer.write(slice, address, signal), places);
  }

  /** Where an object is to go. Wishes of about the same moment share a frame. */
  #sign(wish: ObjectWish): Promise<Target> {
    return new Promise((resolve, reject) => {
      this.#wishes.push({ wish, resolve, reject });
      if (this.#wishes.length === 1) setTimeout(() => void this.#signAll(), GATHER_MS);
    });
  }

  async #signAll(): Promise<void> {
    const wishes = this.#wishes;
    this.#wishes = [];
    for (let at = 0; at < wishes.length; at += MAX_SIGNED_PER_FRAME) {
      const batch = wishes.slice(at, at + MAX_SIGNED_PER_FRAME);
      try {
        const { outputs } = await this.#options.asking.sign({ outputs: batch.map(({ wish }) => wish) });
        for (const { wish, resolve, reject } of batch) {
          const target = outputs[wish.name];
          if (target) resolve(target);
          else reject(new JobError("crashed", `The edge gave no address for ${wish.name}.`));
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
  }
}

function putOf(target: Target): SignedRequest {
  if ("put" in target) return target.put;
  throw new JobError("crashed", "The edge wants in parts what it wanted whole before.");
}

/** An address that is asked for again when the storage refuses it. */
function renewable<T>(first: T, renew: () => Promise<T>): Address<T> {
  let current = first;
  return {
    get: async (refused) => {
      if (refused === current) current = await renew();
      return current;
    },
  };
}
