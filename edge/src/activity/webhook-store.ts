/**
 * Events and their receiver as rows of D1. A try is written down before it is made: a Worker that dies in between
 * has used it up, and the event comes again under the same id. Decides nothing; `sending.ts` does.
 */
import { and, asc, count, desc, eq, isNotNull, lt, lte, ne, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { webhookEndpoints, webhookEvents } from "../db/schema.ts";
import { bodyOf, type Happening } from "./events.ts";
import { pauseAfter } from "./retries.ts";

export type EventRow = typeof webhookEvents.$inferSelect;
export type EndpointRow = typeof webhookEndpoints.$inferSelect;

/** For a batch with what it tells of. What is there already stays as it is. */
export function tellStatement(db: Database, happening: Happening, now: number) {
  const { id, type, topic, since } = happening;
  return db
    .insert(webhookEvents)
    .values({
      id,
      type,
      topic,
      since,
      body: bodyOf(happening, now),
      state: "waiting",
      nextAt: now,
      createdAt: now,
    })
    .onConflictDoNothing();
}

/** Earlier ones of its topic that nobody has taken are not worth sending any more. */
export async function tell(db: Database, happening: Happening, now: number): Promise<void> {
  const { id, topic } = happening;
  await db.batch([
    tellStatement(db, happening, now),
    db
      .update(webhookEvents)
      .set({ state: "superseded", settledAt: now })
      .where(
        and(eq(webhookEvents.topic, topic), eq(webhookEvents.state, "waiting"), ne(webhookEvents.id, id)),
      ),
  ]);
}

export async function latestOfTopic(db: Database, topic: string): Promise<EventRow | null> {
  const row = await db.query.webhookEvents.findFirst({
    where: eq(webhookEvents.topic, topic),
    orderBy: desc(webhookEvents.createdAt),
  });
  return row ?? null;
}

export function dueEvents(db: Database, now: number, limit: number): Promise<EventRow[]> {
  return db
    .select()
    .from(webhookEvents)
    .where(and(eq(webhookEvents.state, "waiting"), lte(webhookEvents.nextAt, now)))
    .orderBy(asc(webhookEvents.nextAt))
    .limit(limit);
}

/** False where somebody else makes this try, or the event is settled by now. */
export async function beginTry(db: Database, { id, attempts }: EventRow, now: number): Promise<boolean> {
  const pause = pauseAfter(attempts + 1) ?? 0;
  const rows = await db
    .update(webhookEvents)
    .set({ attempts: attempts + 1, nextAt: now + pause })
    .where(
      and(eq(webhookEvents.id, id), eq(webhookEvents.attempts, attempts), eq(webhookEvents.state, "waiting")),
    )
    .returning({ id: webhookEvents.id });
  return rows.length > 0;
}

export async function noteTaken(db: Database, id: string, key: string, now: number): Promise<void> {
  await db.batch([settle(db, id, "delivered", null, now), endpointTook(db, key, now)]);
}

/** `state`: waiting, where it will be tried again. Answers how the receiver has fared. */
export async function noteFailed(
  db: Database,
  id: string,
  state: "waiting" | "dropped",
  key: string,
  error: string,
  now: number,
): Promise<EndpointRow | null> {
  const [, rows] = await db.batch([
    settle(db, id, state, error, now),
    db
      .insert(webhookEndpoints)
      .values({ key, failingSince: now, error })
      .onConflictDoUpdate({
        target: webhookEndpoints.key,
        set: { failingSince: sql`coalesce(${webhookEndpoints.failingSince}, ${now})`, error },
      })
      .returning(),
  ]);
  return rows[0] ?? null;
}

function settle(db: Database, id: string, state: EventRow["state"], error: string | null, now: number) {
  const settledAt = state === "waiting" ? null : now;
  // A later event of its topic may have taken its place meanwhile; but what was taken was taken.
  const current = state === "delivered" ? undefined : eq(webhookEvents.state, "waiting");
  return db
    .update(webhookEvents)
    .set({ state, error, settledAt })
    .where(and(eq(webhookEvents.id, id), current));
}

/** It is in use again, whatever was before. */
export function endpointTook(db: Database, key: string, now: number) {
  const fared = { deliveredAt: now, failingSince: null, disabledAt: null, error: null };
  return db
    .insert(webhookEndpoints)
    .values({ key, ...fared })
    .onConflictDoUpdate({ target: webhookEndpoints.key, set: fared });
}

export async function disableEndpoint(db: Database, key: string, error: string, now: number): Promise<void> {
  await db.update(webhookEndpoints).set({ disabledAt: now, error }).where(eq(webhookEndpoints.key, key));
}

export async function findEndpoint(db: Database, key: string): Promise<EndpointRow | null> {
  return (await db.query.webhookEndpoints.findFirst({ where: eq(webhookEndpoints.key, key) })) ?? null;
}

/** Nobody gets them. */
export async function dropWaiting(db: Database, error: string, now: number): Promise<void> {
  await db
    .update(webhookEvents)
    .set({ state: "dropped", error, settledAt: now })
    .where(eq(webhookEvents.state, "waiting"));
}

export function latestEvents(db: Database, limit: number): Promise<EventRow[]> {
  return db.select().from(webhookEvents).orderBy(desc(webhookEvents.createdAt)).limit(limit);
}

export async function countWaiting(db: Database): Promise<number> {
  const [row] = await db
    .select({ waiting: count() })
    .from(webhookEvents)
    .where(eq(webhookEvents.state, "waiting"));
  return row?.waiting ?? 0;
}

export async function dropSettled(db: Database, before: number): Promise<void> {
  await db
    .delete(webhookEvents)
    .where(and(isNotNull(webhookEvents.settledAt), lt(webhookEvents.createdAt, before)));
}
