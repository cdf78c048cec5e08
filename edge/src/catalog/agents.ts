/**
 * Agents that may connect, and how the operator wants them. Of a key only the hash is kept; the key itself is shown
 * once, when it is made. What an agent is doing, only the coordinator knows.
 */
import { and, desc, eq, gt, inArray, isNull, or, sql } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { agents, type AgentState } from "../db/schema.ts";
import { base62, equalHashes, hashSecret, newSecret } from "./ids.ts";

export type AgentRow = typeof agents.$inferSelect;

/** What the operator may change; a key that is absent stays as it is. */
export interface AgentChange {
  label?: string | undefined;
  tier?: number | undefined;
  state?: AgentState | undefined;
  /** Its home: where it is let in when it comes anew. */
  pool?: string | undefined;
}

const AGENT_ID_LENGTH = 12;
/** Whatever their number, a page of them is still a page. */
const MOST_LISTED = 2_000;
/** D1 takes 100 bound parameters a statement. */
const MOST_IDS = 90;
const KEY = /^cca_([0-9A-Za-z]{12})_([A-Za-z0-9_-]{43})$/;
/** Compared with when there is no such agent, so that both cases take as long. */
const NO_HASH = "0".repeat(64);

/** A new agent's row and key, not yet written: for `createAgent` and for scripts that write it by SQL. */
export async function makeAgent({
  label,
  now,
}: {
  label: string;
  now: number;
}): Promise<{ row: AgentRow; key: string }> {
  const id = newAgentId();
  const secret = newSecret();
  const row = {
    ...{ id, label, keyHash: await hashSecret(secret), createdAt: now, changedAt: now },
    ...{ revokedAt: null, enrolledAt: null, connectedAt: null },
    ...{ tier: 5, state: "active" as const, pool: "main" },
  };
  return { row, key: agentKey(id, secret) };
}

export function newAgentId(): string {
  return base62(AGENT_ID_LENGTH);
}

export function agentKey(id: string, secret: string): string {
  return `cca_${id}_${secret}`;
}

export async function createAgent(
  db: Database,
  { label }: { label: string },
  now = Date.now(),
): Promise<{ id: string; key: string }> {
  const { row, key } = await makeAgent({ label, now });
  await db.insert(agents).values(row);
  return { id: row.id, key };
}

/** The agent whose key this is; null for a malformed, unknown, wrong or revoked one. */
export async function verifyAgentKey(db: Database, key: string): Promise<AgentRow | null> {
  const [, id, secret] = KEY.exec(key) ?? [];
  if (id === undefined || secret === undefined) return null;
  const hash = await hashSecret(secret);
  const agent = await db.query.agents.findFirst({ where: and(eq(agents.id, id), isNull(agents.revokedAt)) });
  const known = equalHashes(hash, agent?.keyHash ?? NO_HASH);
  return agent !== undefined && known ? agent : null;
}

/** True where there was an agent to revoke. The first revocation's time stays. */
export async function revokeAgent(db: Database, id: string, now = Date.now()): Promise<boolean> {
  const rows = await db
    .update(agents)
    .set({ revokedAt: now, changedAt: later(now) })
    .where(and(eq(agents.id, id), isNull(agents.revokedAt)))
    .returning({ id: agents.id });
  return rows.length > 0;
}

/** The row as it is afterwards; null where there is no such agent, or where it was revoked. */
export async function changeAgent(
  db: Database,
  id: string,
  change: AgentChange,
  now: number,
): Promise<AgentRow | null> {
  const [row] = await db
    .update(agents)
    .set({ ...change, changedAt: later(now) })
    .where(and(eq(agents.id, id), isNull(agents.revokedAt)))
    .returning();
  return row ?? null;
}

export async function findAgent(db: Database, id: string): Promise<AgentRow | null> {
  return (await db.query.agents.findFirst({ where: eq(agents.id, id) })) ?? null;
}

/** Newest first; revoked ones as long as that happened after `revokedAfter`. */
export function listAgents(db: Database, revokedAfter: number): Promise<AgentRow[]> {
  return db
    .select()
    .from(agents)
    .where(or(isNull(agents.revokedAt), gt(agents.revokedAt, revokedAfter)))
    .orderBy(desc(agents.createdAt), desc(agents.id))
    .limit(MOST_LISTED);
}

/** What the operator calls them; unknown ones are left out. */
export async function labelsOf(db: Database, ids: readonly string[]): Promise<Map<string, string>> {
  const labels = new Map<string, string>();
  for (let from = 0; from < ids.length; from += MOST_IDS) {
    const rows = await db
      .select({ id: agents.id, label: agents.label })
      .from(agents)
      .where(inArray(agents.id, ids.slice(from, from + MOST_IDS)));
    for (const { id, label } of rows) labels.set(id, label);
  }
  return labels;
}

/** Those of which something was changed after `since`. */
export function changedAgents(db: Database, since: number): Promise<AgentRow[]> {
  return db.select().from(agents).where(gt(agents.changedAt, since));
}

/** Its first connection; later ones change nothing. */
export async function noteConnected(db: Database, id: string, now: number): Promise<void> {
  await db
    .update(agents)
    .set({ connectedAt: now })
    .where(and(eq(agents.id, id), isNull(agents.connectedAt)));
}

/** Grows with every change, also of two within one millisecond. */
function later(now: number) {
  return sql`max(${now}, ${agents.changedAt} + 1)`;
}
