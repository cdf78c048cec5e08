/** Agents that may connect. Of a key only the hash is kept; the key itself is shown once, when it is made. */
import { and, eq, isNull } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { agents } from "../db/schema.ts";
import { base62, equalHashes, hashSecret, newSecret } from "./ids.ts";

export type AgentRow = typeof agents.$inferSelect;

const AGENT_ID_LENGTH = 12;
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
  const id = base62(AGENT_ID_LENGTH);
  const secret = newSecret();
  const row = {
    ...{ id, label, keyHash: await hashSecret(secret), createdAt: now, changedAt: now },
    ...{ revokedAt: null, enrolledAt: null, connectedAt: null },
    ...{ tier: 5, state: "active" as const, pool: "main" },
  };
  return { row, key: `cca_${id}_${secret}` };
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
    .set({ revokedAt: now })
    .where(and(eq(agents.id, id), isNull(agents.revokedAt)))
    .returning({ id: agents.id });
  return rows.length > 0;
}
