/** Frozen plans of videos. A plan's id is a hash of it, so the first one saved under an id is the only one. */
import { eq, sql } from "drizzle-orm";
import { z } from "zod";
import { SourceTraits } from "#protocol";
import type { Database } from "../db/client.ts";
import { files, plans } from "../db/schema.ts";
import { frozenPlan, withRungs, type Plan } from "../media/plan.ts";
import { type Statement, writeAll } from "./write.ts";

const whole = z.number().int();
const Rungs = z.array(
  z.object({
    name: z.string(),
    mode: z.enum(["encode", "copy"]),
    width: whole.positive(),
    height: whole.positive(),
    ceiling: whole.positive(),
  }),
);
const PlanBody: z.ZodType<Plan> = z.object({
  id: z.string().min(1),
  fileId: z.string().min(1),
  timescale: whole.positive(),
  origin: whole,
  boundaries: z.array(whole).min(2),
  prerolls: z.array(whole.nonnegative().nullable()).optional(),
  frames: whole.nonnegative(),
  video: z.object({ stream: whole.nonnegative(), codec: z.string(), traits: SourceTraits }),
  rungs: Rungs,
  tracks: z.array(
    z.object({
      name: z.string(),
      stream: whole.nonnegative(),
      mode: z.enum(["copy", "encode"]),
      sampleRate: whole.positive(),
      channels: whole.positive(),
      language: z.string().nullable(),
    }),
  ),
  // Plans of before subtitles were offered have none.
  texts: z
    .array(z.object({ name: z.string(), stream: whole.nonnegative(), language: z.string().nullable() }))
    .default([]),
});

export async function savePlan(db: Database, plan: Plan, now: number): Promise<void> {
  await writeAll(db, [planStatement(db, plan, now)]);
}

/** Kept only while the file is: a plan that comes after a deletion is dropped. */
export function planStatement(db: Database, plan: Plan, now: number): Statement {
  return db.run(sql`
    insert into ${plans} (id, file_id, body, created_at)
    select ${plan.id}, id, ${JSON.stringify(frozenPlan(plan))}, ${now}
    from ${files} where id = ${plan.fileId} and state = 'stored'
    on conflict do nothing`);
}

/** With the rungs that were asked for since. */
export async function loadPlan(db: Database, planId: string): Promise<Plan | null> {
  const row = await db.query.plans.findFirst({
    columns: { body: true, addedRungs: true },
    where: eq(plans.id, planId),
  });
  return row === undefined ? null : withRungs(PlanBody.parse(row.body), Rungs.parse(row.addedRungs));
}
