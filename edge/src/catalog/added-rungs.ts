/**
 * Rungs that somebody asks for when the plan is frozen already: kept beside it, wanted as renditions, and told to
 * the coordinator by an outbox row. Called by the door that takes such a request, and by the coordinator.
 */
import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { files, plans, renditions, workOutbox } from "../db/schema.ts";
import type { Plan, PlannedRung } from "../media/plan.ts";
import { markStatements } from "./renditions.ts";
import { type Statement, writeAll, writeBatch } from "./write.ts";

export interface RungRequest {
  rung: PlannedRung;
  /** As the plan's other rungs have it. */
  type: string;
  /** Of the outbox row. */
  outboxId: string;
  /** Rungs a plan may have in all. */
  most: number;
  now: number;
}

/** All in one batch. False: the plan has as many rungs as it may, or the file is no longer there. */
export async function addRung(db: Database, plan: Plan, request: RungRequest): Promise<boolean> {
  const { rung, type, outboxId, most, now } = request;
  const { fileId } = plan;
  const added = sql`exists (select 1 from ${plans}, json_each(${plans.addedRungs}) as one
    where ${plans.id} = ${plan.id} and one.value ->> '$.name' = ${rung.name})`;
  const [, , , , rows] = await writeBatch(db, [
    db.run(sql`
      update ${plans} set added_rungs = json_insert(added_rungs, '$[#]', json(${JSON.stringify(rung)}))
      where id = ${plan.id} and not ${added}
        and json_array_length(body, '$.rungs') + json_array_length(added_rungs) < ${most}
        and exists (select 1 from ${files} where id = ${fileId} and state = 'stored')`),
    db.run(sql`
      insert into ${renditions} (file_id, kind, name, version, state, type, width, height, updated_at)
      select id, 'rung', ${rung.name}, ${plan.id}, 'waiting', ${type}, ${rung.width}, ${rung.height}, ${now}
      from ${files} where id = ${fileId} and state = 'stored' and ${added}
      on conflict do nothing`),
    reopenStatement(db, fileId),
    db.run(sql`
      insert into ${workOutbox} (id, action, file_id, created_at)
      select ${outboxId}, 'rungs', id, ${now}
      from ${files} where id = ${fileId} and state = 'stored' and ${added}
      on conflict (id) do nothing`),
    db.select({ id: workOutbox.id }).from(workOutbox).where(eq(workOutbox.id, outboxId)),
  ]);
  return rows.length > 0;
}

/** The coordinator is at them: whatever was said of them before, they are waited for. */
export async function awaitRungs(
  db: Database,
  fileId: string,
  names: readonly string[],
  now: number,
): Promise<void> {
  await writeAll(db, [
    ...markStatements(db, fileId, "rung", names, "waiting", null, now),
    reopenStatement(db, fileId),
  ]);
}

/** In the making again, as long as a rung is waited for. */
function reopenStatement(db: Database, fileId: string): Statement {
  const waiting = sql`exists (select 1 from ${renditions}
    where file_id = ${fileId} and kind = 'rung' and state = 'waiting')`;
  return db
    .update(files)
    .set({ status: "processing", reason: null })
    .where(and(eq(files.id, fileId), eq(files.state, "stored"), waiting));
}
