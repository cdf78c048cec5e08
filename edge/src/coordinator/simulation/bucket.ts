/**
 * One R2 bucket in memory, with what the edge uses of it: conditional writes, heads, lists and multipart
 * uploads. Bodies are only told apart, not kept, unless somebody will read them. Requests take their time and may fail
 * before or after they were done.
 */
import { createHash } from "node:crypto";
import { Health } from "./faults.ts";
import type { Chance } from "./random.ts";
import type { World } from "./world.ts";

/** What was sent: so many bytes of that etag; `text` where somebody reads it. */
export interface Content {
  size: number;
  etag: string;
  text: string | null;
}

export interface Stored extends Content {
  key: string;
  uploaded: Date;
}

interface Upload {
  key: string;
  parts: Map<number, Content>;
  /**
   * The storage alone can end it, as R2 does by itself after seven days: nobody was told that it is open, or whoever
   * wanted to end it could not, or its parts were refused.
   */
  abandoned: boolean;
}

/** One way, in milliseconds. */
const LATENCY_MS = 40;
const LISTED = 1_000;

export class Bucket {
  readonly objects = new Map<string, Stored>();
  readonly uploads = new Map<string, Upload>();
  readonly health = new Health(
    () => new Error("put: We encountered an internal error. Please try again. (10001)"),
  );
  /** Called before objects go for good. */
  deleting: (key: string) => void = () => {};
  readonly name: string;
  readonly #world: World;
  readonly #chance: Chance;
  #count = 0;

  constructor(name: string, world: World, chance: Chance) {
    this.name = name;
    this.#world = world;
    this.#chance = chance;
  }

  /** As Workers see it: only what the edge calls. */
  binding(): R2Bucket {
    const ask = <T>(label: string, act: () => T) => this.ask(label, act);
    const binding = {
      head: (key: string) => ask(`head ${key}`, () => describe(this.objects.get(key))),
      get: (key: string) => ask(`get ${key}`, () => describe(this.objects.get(key))),
      put: (key: string, content: Content) =>
        ask(`put ${key}`, () => describe(this.put(key, content) ?? undefined)),
      delete: (keys: string | string[]) =>
        ask("delete", () => [keys].flat().forEach((key) => this.delete(key))),
      list: (options: R2ListOptions) => ask("list", () => this.#list(options)),
      createMultipartUpload: async (key: string) => {
        const handle = await ask(`begin ${key}`, () => this.#handle(key, this.#begin(key)));
        this.#upload(handle.uploadId).abandoned = false;
        return handle;
      },
      resumeMultipartUpload: (key: string, uploadId: string) => this.#handle(key, uploadId),
    };
    return binding as unknown as R2Bucket;
  }

  ask<T>(label: string, act: () => T): Promise<T> {
    return this.#world.request(`r2 ${label}`, this.#chance, LATENCY_MS, act, () =>
      this.health.fate(this.#world.now),
    );
  }

  /** Null: there is one already. Nothing is ever overwritten. */
  put(key: string, content: Content): Stored | null {
    if (this.objects.has(key)) return null;
    const stored = { ...content, key, uploaded: new Date(this.#world.now) };
    this.objects.set(key, stored);
    return stored;
  }

  delete(key: string): void {
    if (!this.objects.has(key)) return;
    this.deleting(key);
    this.objects.delete(key);
  }

  part(uploadId: string, number: number, content: Content): void {
    this.#upload(uploadId).parts.set(number, content);
  }

  #begin(key: string): string {
    const id = `${this.name}-upload-${(this.#count += 1)}`;
    this.uploads.set(id, { key, parts: new Map(), abandoned: true });
    return id;
  }

  #upload(uploadId: string): Upload {
    const upload = this.uploads.get(uploadId);
    if (!upload) throw new Error("The specified multipart upload does not exist. (10024)");
    return upload;
  }

  #handle(key: string, uploadId: string) {
    return {
      key,
      uploadId,
      abort: () =>
        this.ask(`abort ${key}`, () => void this.uploads.delete(this.#upload(uploadId) && uploadId)).catch(
          (error: unknown) => {
            this.#abandon(uploadId);
            throw error;
          },
        ),
      complete: (parts: { partNumber: number; etag: string }[]) =>
        this.ask(`complete ${key}`, () => this.#complete(uploadId, parts)),
    };
  }

  #abandon(uploadId: string): void {
    const upload = this.uploads.get(uploadId);
    if (upload) upload.abandoned = true;
  }

  #complete(uploadId: string, named: { partNumber: number; etag: string }[]) {
    const { key, parts } = this.#upload(uploadId);
    const found = named.map(({ partNumber, etag }) => {
      const part = parts.get(partNumber);
      if (part?.etag !== etag) {
        throw new Error("One or more of the specified parts could not be found. (10025)");
      }
      return part;
    });
    this.uploads.delete(uploadId);
    const size = found.reduce((sum, part) => sum + part.size, 0);
    this.put(key, {
      size,
      etag: `${etagOf(found.map(({ etag }) => etag).join())}-${found.length}`,
      text: null,
    });
    return describe(this.objects.get(key));
  }

  #list({ prefix = "", limit = LISTED, cursor }: R2ListOptions) {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const from = cursor === undefined ? 0 : keys.findIndex((key) => key > cursor);
    const page = from < 0 ? [] : keys.slice(from, from + limit);
    const truncated = from >= 0 && from + page.length < keys.length;
    const objects = page.map((key) => describe(this.objects.get(key)));
    return { objects, truncated, cursor: page.at(-1), delimitedPrefixes: [] };
  }
}

function describe(stored: Stored | undefined) {
  if (!stored) return null;
  const { key, size, etag, uploaded, text } = stored;
  return { key, size, etag, uploaded, httpEtag: `"${etag}"`, text: () => Promise.resolve(text ?? "") };
}

export function etagOf(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
