/** `GET /metrics` for Prometheus: to whoever holds METRICS_TOKEN, and to the operator. */
import { countWaiting, findEndpoint } from "../../activity/webhook-store.ts";
import { endpointKey } from "../../activity/sending.ts";
import { listAgents } from "../../catalog/agents.ts";
import { countUnsent } from "../../catalog/outbox.ts";
import { listShardUsage } from "../../catalog/shard-usage.ts";
import type { Config } from "../../config.ts";
import { everywhere } from "../../coordinator/client.ts";
import { allPools } from "../../coordinator/pools/pools.ts";
import type { Database } from "../../db/client.ts";
import { createApp } from "../../http/app.ts";
import { Problem } from "../../http/problems.ts";
import { rateLimit } from "../../http/rate-limit.ts";
import { isToken } from "../../identity/operator.ts";
import { bearerOf, refused, type Visitor } from "../../identity/visitor.ts";
import { wholeFleet } from "../agents.ts";
import { agentFigures, slotFigures } from "../fleet-figures.ts";
import { formatMetrics, type HostFigures, type ShardFigures } from "../metrics.ts";

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export const metricsRoutes = createApp();

metricsRoutes.get("/metrics", rateLimit("READ_LIMIT"), async (c) => {
  const now = Date.now();
  const { config, db, visitor } = c.var;
  await requireReader(c.req.raw, config, visitor, now);
  const text = formatMetrics(await gather(c.env, config, db, now));
  return c.body(text, 200, { "Content-Type": CONTENT_TYPE, "Cache-Control": "no-store" });
});

async function requireReader(request: Request, config: Config, visitor: Visitor, now: number): Promise<void> {
  if (visitor.kind === "operator") return;
  const given = bearerOf(request);
  if (given !== null && config.metricsToken !== null && (await isToken(given, config.metricsToken))) return;
  if (visitor.refusal.reason === "barred") throw refused(visitor.refusal, now);
  throw new Problem("unauthorized", "These figures are for the operator and for Prometheus.", {
    hint: "Send Authorization: Bearer <METRICS_TOKEN>, a secret of this host: ccm_ and 20 characters or more.",
    headers: { "WWW-Authenticate": "Bearer" },
  });
}

async function gather(env: Env, config: Config, db: Database, now: number): Promise<HostFigures> {
  const pools = await allPools(env, db);
  const [figures, fleet, rows, usage, unsent, webhook] = await Promise.all([
    everywhere(env, pools, (coordinator) => coordinator.figures(now)),
    wholeFleet({ env, db }),
    listAgents(db, now),
    listShardUsage(db),
    countUnsent(db),
    webhookFigures(config, db),
  ]);
  return {
    pools: figures,
    agents: agentFigures(rows, fleet.agents),
    slots: slotFigures(fleet.agents),
    shards: config.shards.map((shard): ShardFigures => {
      const used = usage.find(({ name }) => name === shard.name);
      const { name, budgetBytes } = shard;
      return { name, budgetBytes, usedBytes: used?.usedBytes ?? 0, cooling: (used?.coolingUntil ?? 0) > now };
    }),
    unsent,
    webhook,
  };
}

async function webhookFigures({ webhook }: Config, db: Database): Promise<HostFigures["webhook"]> {
  if (webhook === null) return null;
  const [waiting, endpoint] = await Promise.all([
    countWaiting(db),
    findEndpoint(db, await endpointKey(webhook)),
  ]);
  return { waiting, disabled: (endpoint?.disabledAt ?? null) !== null };
}
