/**
 * The storage's door for signed addresses in a simulation, as `storage/routes.ts` has it: every address is
 * checked by the real `readPermit`, and an object is written once. Agents come here; answers can be lost on the way.
 */
import { readPermit, type Permit } from "../../storage/sign.ts";
import { etagOf, type Bucket, type Content } from "./bucket.ts";
import type { Chance } from "./random.ts";
import { createProcess, FINE, type World } from "./world.ts";

/** Null: nothing came back. */
export type Answer = { status: number; etag: string } | null;

/**
 * What a failure after a write was done may mean: nobody hears of it; other bytes than were sent are there, and nobody
 * hears of it; it was acknowledged, and nothing is there.
 */
type Mishap = "lost" | "spoiled" | "forgotten";
const MISHAPS: readonly Mishap[] = ["lost", "lost", "spoiled", "forgotten"];
/** Milliseconds one way. */
const LATENCY_MS = 60;
const SIGNED = /^https:\/\/edge\/relay\/([^/]+)\/([^?]+)\?(.*)$/;

export class Relay {
  readonly #world: World;
  readonly #buckets: ReadonlyMap<string, Bucket>;
  readonly #secret: string;
  readonly #chance: Chance;
  readonly #process = createProcess("relay");
  /** Agents whose line to the storage is away. */
  readonly cutOff = new Set<string>();

  constructor(world: World, buckets: ReadonlyMap<string, Bucket>, secret: string, chance: Chance) {
    this.#world = world;
    this.#buckets = buckets;
    this.#secret = secret;
    this.#chance = chance;
  }

  put(agent: string, url: string, headers: Record<string, string>, content: Content): Promise<Answer> {
    return this.#ask(agent, "PUT", url, (bucket, key, terms, mishap) => {
      const right = headers["Content-Length"] === terms["size"] && Number(terms["size"]) === content.size;
      const typed = (terms["type"] ?? "") === "" || headers["Content-Type"] === terms["type"];
      if (!right || !typed) return { status: 403, etag: "" };
      if (mishap === "forgotten") return { status: 200, etag: content.etag };
      const taken = mishap === "spoiled" ? { ...content, etag: etagOf(`${content.etag} spoiled`) } : content;
      if ((terms["upload"] ?? "") === "") {
        return bucket.put(key, taken) ? { status: 200, etag: content.etag } : { status: 412, etag: "" };
      }
      try {
        bucket.part(terms["upload"] ?? "", Number(terms["number"]), taken);
        return { status: 200, etag: content.etag };
      } catch {
        return { status: 404, etag: "" };
      }
    });
  }

  get(agent: string, url: string): Promise<Answer> {
    return this.#ask(agent, "GET", url, (bucket, key) => {
      const found = bucket.objects.get(key);
      return found ? { status: 206, etag: found.etag } : { status: 404, etag: "" };
    });
  }

  /** `done` with what the address permits; null where it does not permit that. */
  async #work(
    shard: string,
    key: string,
    query: string,
    method: Permit["method"],
    done: (permit: Permit | null) => void,
  ): Promise<void> {
    const terms = new URLSearchParams(query);
    const permit = await readPermit(this.#secret, { shard, key }, terms, this.#world.now);
    done(permit?.method === method ? permit : null);
  }

  #ask(
    agent: string,
    method: "GET" | "PUT",
    url: string,
    act: (bucket: Bucket, key: string, terms: Record<string, string>, mishap: Mishap | null) => Answer,
  ): Promise<Answer> {
    const world = this.#world;
    const asker = world.current;
    const latency = () => this.#chance.between(LATENCY_MS / 4, LATENCY_MS);
    const [, shard = "", key = "", query = ""] = SIGNED.exec(url) ?? [];
    const bucket = this.#buckets.get(shard);
    const fate = bucket?.health.fate(world.now) ?? FINE;
    return new Promise((resolve) => {
      const answer = (value: Answer) =>
        world.after(latency() + fate.stallBackMs, asker, `${method} ${value?.status ?? "no answer"}`, () =>
          resolve(value),
        );
      if (this.cutOff.has(agent)) return void answer(null);
      world.after(latency() + fate.stallMs, this.#process, `${method} ${key}`, () => {
        // Refused, or cut off in the midst of the body.
        if (fate.before !== null)
          return void answer(this.#chance.hits(0.5) ? { status: 503, etag: "" } : null);
        void this.#work(shard, key, query, method, (permit) => {
          if (permit === null || bucket === undefined) return void answer({ status: 403, etag: "" });
          const mishap = fate.after === null ? null : this.#chance.pick(MISHAPS);
          const done = act(bucket, key, permit.terms, mishap);
          answer(mishap === null || mishap === "forgotten" ? done : null);
        });
      });
    });
  }
}
