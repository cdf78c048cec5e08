/**
 * Machines that ask to become agents. The asker holds a poll token, the operator a code to confirm; the agent's key
 * is derived from the poll token, so that it can be told again after a lost answer and is stored nowhere. Called
 * by the doors of `fleet/`; knows no request.
 */
import { and, eq, gt, lt, sql } from "drizzle-orm";
import { DAY, MINUTE } from "../config.ts";
import type { Database } from "../db/client.ts";
import { agents, enrolments } from "../db/schema.ts";
import { agentKey, newAgentId } from "./agents.ts";
import { equalHashes, hashSecret, newSecret, randomBytes, type RandomBytes } from "./ids.ts";
import { writeBatch } from "./write.ts";

export type EnrolmentRow = typeof enrolments.$inferSelect;
export type Asker = Pick<EnrolmentRow, "label" | "platform" | "address" | "country">;

/** To be confirmed in, and to be fetched in after that. */
export const ENROLMENT_MS = 10 * MINUTE;
/** Waiting at once: of one address, and of all. */
const MOST_OF_ADDRESS = 20;
const MOST_WAITING = 200;
/** For the answer that it expired; later it was never there. */
const KEPT_MS = DAY;

/** Without vowels and without what looks like something else: 0 O, 1 I L, 2 Z, 5 S, 8 B, U. */
const LETTERS = "CDFGHJKMNPQRTVWXY34679";
const LETTER_LIMIT = 256 - (256 % LETTERS.length);
const HALF = 4;
/** Compared with where there is no such code, so that both cases take as long. */
const NO_HASH = "0".repeat(64);

export type Polled =
  | { state: "waiting" }
  | { state: "confirmed"; id: string; key: string }
  | { state: "declined" | "expired" | "fetched" };

export function newCode(random: RandomBytes = randomBytes): string {
  let letters = "";
  while (letters.length < 2 * HALF) {
    for (const byte of random(2 * HALF)) {
      if (byte < LETTER_LIMIT) letters += LETTERS.charAt(byte % LETTERS.length);
    }
  }
  return `${letters.slice(0, HALF)}-${letters.slice(HALF, 2 * HALF)}`;
}

/** As people type it; what is no code stays without a row. */
export function readCode(text: string): string {
  const letters = text.toUpperCase().replaceAll(/[^0-9A-Z]/g, "");
  return `${letters.slice(0, HALF)}-${letters.slice(HALF)}`;
}

/** Null where too many wait. The count and the row are one statement, so no number of askers overshoots. */
export async function beginEnrolment(
  db: Database,
  asker: Asker,
  now: number,
): Promise<{ code: string; pollToken: string; expiresAt: number } | null> {
  const [code, pollToken, agentId] = [newCode(), `cce_${newSecret()}`, newAgentId()];
  const keyHash = await hashSecret(await secretOf(pollToken, agentId));
  const { label, platform, address, country } = asker;
  const expiresAt = now + ENROLMENT_MS;
  const waiting = sql`select count(*) from ${enrolments} where state = 'waiting' and expires_at > ${now}`;
  const rows = await db.all(sql`
    insert into ${enrolments} (code, poll_token_hash, agent_id, key_hash, label, platform, address, country,
      state, created_at, expires_at)
    select ${code}, ${await hashSecret(pollToken)}, ${agentId}, ${keyHash}, ${label}, ${platform}, ${address},
      ${country}, 'waiting', ${now}, ${expiresAt}
    where (${waiting}) < ${MOST_WAITING} and (${waiting} and address = ${address}) < ${MOST_OF_ADDRESS}
    returning code`);
  return rows.length === 0 ? null : { code, pollToken, expiresAt };
}

/** Null for a token that is not this code's, and for a code that never was. */
export async function pollEnrolment(
  db: Database,
  code: string,
  pollToken: string,
  now: number,
): Promise<Polled | null> {
  const row = await findEnrolment(db, code);
  const known = equalHashes(await hashSecret(pollToken), row?.pollTokenHash ?? NO_HASH);
  if (!row || !known) return null;
  if (row.state === "declined") return { state: "declined" };
  const fetched = row.state === "confirmed" && (await isInUse(db, row.agentId));
  if (fetched) return { state: "fetched" };
  if (row.expiresAt <= now) return { state: "expired" };
  if (row.state === "waiting") return { state: "waiting" };
  return {
    state: "confirmed",
    id: row.agentId,
    key: agentKey(row.agentId, await secretOf(pollToken, row.agentId)),
  };
}

export async function findEnrolment(db: Database, code: string): Promise<EnrolmentRow | null> {
  return (await db.query.enrolments.findFirst({ where: eq(enrolments.code, code) })) ?? null;
}

/** The agent's row and the answer to it in one batch. False where it is decided or over already. */
export async function confirmEnrolment(
  db: Database,
  code: string,
  { label, tier }: { label: string; tier: number },
  now: number,
): Promise<boolean> {
  const open = openOne(code, now);
  const [, rows] = await writeBatch(db, [
    db.run(sql`
      insert into ${agents} (id, label, key_hash, created_at, tier, enrolled_at, changed_at)
      select agent_id, ${label}, key_hash, ${now}, ${tier}, ${now}, ${now} from ${enrolments} where ${open}
      on conflict (id) do nothing`),
    db
      .update(enrolments)
      .set({ state: "confirmed", label, expiresAt: now + ENROLMENT_MS })
      .where(open)
      .returning({ code: enrolments.code }),
  ]);
  return rows.length > 0;
}

export async function declineEnrolment(db: Database, code: string, now: number): Promise<boolean> {
  const rows = await db
    .update(enrolments)
    .set({ state: "declined" })
    .where(openOne(code, now))
    .returning({ code: enrolments.code });
  return rows.length > 0;
}

export async function forgetEnrolments(db: Database, now: number): Promise<void> {
  await db.delete(enrolments).where(lt(enrolments.expiresAt, now - KEPT_MS));
}

function openOne(code: string, now: number) {
  return and(eq(enrolments.code, code), eq(enrolments.state, "waiting"), gt(enrolments.expiresAt, now));
}

/** Connected, or revoked before it ever did: either way nobody is to fetch the key any more. */
async function isInUse(db: Database, agentId: string): Promise<boolean> {
  const agent = await db.query.agents.findFirst({ where: eq(agents.id, agentId) });
  return agent === undefined || agent.connectedAt !== null || agent.revokedAt !== null;
}

/** 256 bits that only whoever has the poll token can work out. */
async function secretOf(pollToken: string, agentId: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(pollToken), algorithm, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(`agent key ${agentId}`)));
  return newSecret(() => mac);
}
