/**
 * Many files at once as uploads would leave them in the catalogue, of any owner and without their bytes, for
 * benchmarks whose agents read nothing. The coordinator is told by the caller, or by the minute's cron.
 */
import { sql } from "drizzle-orm";
import { ulid } from "../../../edge/src/catalog/ids.ts";
import { MINUTE } from "../../../edge/src/config.ts";
import type { Database } from "../../../edge/src/db/client.ts";

/** Rows of one statement: they travel as one parameter of JSON. */
const ROWS = 1_000;

export interface Enqueue {
  id: string;
  outboxId: string;
}

let made = 0;

/** Files of sound. Ids begin with the owner. */
export async function storeFiles(db: Database, owner: string, count: number): Promise<Enqueue[]> {
  const now = Date.now();
  const ids = Array.from({ length: count }, () => `${owner}-${(made += 1)}`);
  for (let from = 0; from < count; from += ROWS) {
    const some = JSON.stringify(ids.slice(from, from + ROWS));
    await db.run(sql`
      insert into files (id, owner, name, extension, type, kind, size, sha256, shard, object_key, state, status,
        delete_key_hash, created_at, stored_at)
      select value, ${owner}, 'a', 'mp3', 'audio/mpeg', 'audio', 1, value, 'SHARD_WEUR', 'o/' || value || '/n1', 'stored',
        'processing', 'h', ${now}, ${now}
      from json_each(${some})`);
  }
  return ids.map((id) => ({ id, outboxId: ulid(now) }));
}

/** As if telling of them had failed a minute ago: the next runs of the cron do it, so many rows each. */
export async function leaveToCron(db: Database, files: readonly Enqueue[]): Promise<void> {
  const before = Date.now() - MINUTE;
  for (let from = 0; from < files.length; from += ROWS) {
    const some = JSON.stringify(files.slice(from, from + ROWS));
    await db.run(sql`
      insert into work_outbox (id, action, file_id, created_at)
      select value ->> '$.outboxId', 'enqueue', value ->> '$.id', ${before} from json_each(${some})`);
  }
}
