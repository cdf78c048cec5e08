/**
 * Wrong guesses at the operator's token, counted exactly: each guess is one statement, and D1 runs them one after
 * the other, so no number of guesses at once gets past the limit. Used by `visitor.ts` and the door of sessions.
 */
import { eq, lte, sql } from "drizzle-orm";
import { MINUTE } from "../config.ts";
import type { Database } from "../db/client.ts";
import { guesses } from "../db/schema.ts";

/** Wrong ones from one address that are still answered as such. */
export const MOST_GUESSES = 10;
export const GUESS_WINDOW_MS = 15 * MINUTE;

/** Counts a wrong one. False where there have been too many already; then it is not counted any more. */
export async function countGuess(db: Database, key: string, now: number): Promise<boolean> {
  const over = sql`${guesses.endsAt} <= ${now}`;
  const rows = await db
    .insert(guesses)
    .values({ key, count: 1, endsAt: now + GUESS_WINDOW_MS })
    .onConflictDoUpdate({
      target: guesses.key,
      set: {
        count: sql`case when ${over} then 1 else ${guesses.count} + 1 end`,
        endsAt: sql`case when ${over} then ${now + GUESS_WINDOW_MS} else ${guesses.endsAt} end`,
      },
      setWhere: sql`${over} or ${guesses.count} < ${MOST_GUESSES}`,
    })
    .returning({ count: guesses.count });
  return rows.length > 0;
}

/** Until when nothing is taken from there, the right token included; null: it is. */
export async function barredUntil(db: Database, key: string, now: number): Promise<number | null> {
  const row = await db.query.guesses.findFirst({ where: eq(guesses.key, key) });
  return row && row.endsAt > now && row.count >= MOST_GUESSES ? row.endsAt : null;
}

export async function forgetGuesses(db: Database, now: number): Promise<void> {
  await db.delete(guesses).where(lte(guesses.endsAt, now));
}
