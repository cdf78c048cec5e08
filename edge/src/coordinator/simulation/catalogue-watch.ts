/**
 * Sees every change of renditions and rectangles in the catalogue, and every object that is deleted: what is
 * told of a file points to bytes that are there, is never told otherwise, and is never taken away.
 */
import { SUMS } from "../../catalog/testing/sums.ts";
import type { Bucket } from "./bucket.ts";
import { SHARDS } from "./plan.ts";
import type { Simulated } from "./simulated.ts";
import type { Complain } from "./violation.ts";

interface Change {
  what: "rendition" | "rectangle";
  fileId: string;
  name: string;
  keyBefore: string | null;
  key: string | null;
  etag: string | null;
  size: number | null;
}

interface Used {
  name: string;
  bytes: number;
}

const TRIGGERS = `
  create temp table changes (what, fileId, name, keyBefore, key, etag, size);
  create temp trigger rendition_changed after update on main.renditions
    when old.object_key is not new.object_key begin
    insert into changes values ('rendition', new.file_id, new.kind || '/' || new.name,
      iif(old.version = new.version, old.object_key, null), new.object_key, new.etag, new.size);
  end;
  create temp trigger rendition_added after insert on main.renditions when new.object_key is not null begin
    insert into changes values ('rendition', new.file_id, new.kind || '/' || new.name, null, new.object_key, new.etag, new.size);
  end;
  create temp trigger rectangle_added after insert on main.rectangles begin
    insert into changes values ('rectangle', new.file_id, new.plan_id || ' ' || new.track, null, new.object_key, new.etag, new.size);
  end;
  create temp trigger rectangle_changed after update on main.rectangles begin
    insert into changes values ('rectangle', new.file_id, new.plan_id || ' ' || new.track, old.object_key, new.object_key, new.etag, new.size);
  end;`;

const REFERRED = `
  select 1 from files where id = ?1 and state = 'stored' and object_key = ?2
  union all select 1 from renditions join files on files.id = file_id
    where file_id = ?1 and files.state = 'stored' and renditions.object_key = ?2
  union all select 1 from rectangles join files on files.id = file_id
    where file_id = ?1 and files.state = 'stored' and rectangles.object_key = ?2`;

/** A day, and the life of a signed address: nothing younger is collected (`sweep-objects.ts`). */
const GRACE_MS = (24 * 60 + 15) * 60_000;
/** Counters are added up at every so many writes: a wrong one stays wrong. */
const SUMMED_EVERY = 24;

export class CatalogueWatch {
  readonly #parts: Simulated;
  readonly #complain: Complain;
  #writes = 0;

  constructor(parts: Simulated, complain: Complain) {
    this.#parts = parts;
    this.#complain = complain;
    parts.catalogue.database.exec(TRIGGERS);
    parts.catalogue.written = () => this.#look();
    for (const bucket of parts.buckets.values()) bucket.deleting = (key) => this.#judgeDeletion(bucket, key);
  }

  /** Of each shard, as counted and as added up. */
  sum(): void {
    const { catalogue } = this.#parts;
    const counted = catalogue.rows<Used>("select name, used_bytes as bytes from shards");
    const summed = catalogue.rows<Used>(SUMS);
    const of = (rows: Used[], shard: string) => rows.find(({ name }) => name === shard)?.bytes ?? 0;
    for (const shard of SHARDS) {
      const [has, should] = [of(counted, shard), of(summed, shard)];
      if (has !== should)
        this.#complain("I10 counters are sums", `${shard} counts ${has} bytes, its rows have ${should}`);
    }
  }

  #look(): void {
    const { catalogue } = this.#parts;
    if ((this.#writes += 1) % SUMMED_EVERY === 0) this.sum();
    const changes = catalogue.rows<Change>("select * from temp.changes");
    if (changes.length === 0) return;
    catalogue.rows("delete from temp.changes");
    for (const change of changes) this.#judge(change);
  }

  #judge({ what, fileId, name, keyBefore, key, etag, size }: Change): void {
    const { rotten } = this.#parts;
    if (keyBefore !== null && keyBefore !== key && !rotten.has(keyBefore)) {
      this.#complain(
        "I2 committed once, and it matches",
        `${what} ${name} of ${fileId} was ${keyBefore}, and is ${key}`,
      );
    }
    if (key === null || rotten.has(key)) return;
    const stored = this.#parts.find(key);
    if (stored?.etag !== etag || stored.size !== size) {
      this.#complain(
        "I9 nothing uncommitted is served",
        `${what} ${name} of ${fileId} names ${key}, which is not there`,
      );
    }
    if (what === "rectangle") this.#judgeSegments(name);
  }

  /** Each segment of a track has one rectangle. */
  #judgeSegments(name: string): void {
    const [plan = "", track = ""] = name.split(" ");
    const twice = this.#parts.catalogue.rows<{ segment: number }>(
      `select json_extract(piece.value, '$[0]') as segment from rectangles, json_each(segments) as piece
       where plan_id = ? and track = ? group by 1 having count(*) > 1`,
      ...[plan, track],
    );
    for (const { segment } of twice) {
      this.#complain(
        "I2 committed once, and it matches",
        `segment ${segment} of ${name} is in two rectangles`,
      );
    }
  }

  #judgeDeletion(bucket: Bucket, key: string): void {
    const { catalogue, world } = this.#parts;
    const [kind = "", fileId = ""] = key.split("/");
    if (catalogue.rows(REFERRED, fileId, key).length > 0) {
      const broken = kind === "o" ? "I1 what was stored is readable" : "I6 the storage is what rows refer to";
      return this.#complain(broken, `${key} was deleted although a row refers to it`);
    }
    const [file] = catalogue.rows<{ state: string }>("select state from files where id = ?", fileId);
    const age = world.now - (bucket.objects.get(key)?.uploaded.getTime() ?? 0);
    if (kind === "r" && file?.state === "stored" && age < GRACE_MS) {
      this.#complain(
        "I6 the storage is what rows refer to",
        `${key} was collected at an age of ${Math.round(age / 1_000)} s`,
      );
    }
  }
}
