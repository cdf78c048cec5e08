/** The agents' door: `GET /agent?pool=…`, a WebSocket. The key is checked here, before the object hears of it. */
import { SUBPROTOCOL } from "#protocol";
import { noteConnected, verifyAgentKey } from "../catalog/agents.ts";
import { createApp } from "../http/app.ts";
import { Problem } from "../http/problems.ts";
import { orderOf } from "./admin/orders.ts";
import { AGENT_HEADER, coordinatorOf, ORDER_HEADER, ORIGIN_HEADER } from "./client.ts";
import { poolAtDoor } from "./pools/pools.ts";

export const coordinatorRoutes = createApp();

const BEARER = /^Bearer\s+(\S+)$/i;

coordinatorRoutes.get("/agent", async (c) => {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    throw new Problem("malformed", "This address is for agents, over a WebSocket.", {
      hint: `Run one with: npx capcloud-agent --edge ${c.get("origin")}`,
    });
  }
  const offered =
    c.req
      .header("sec-websocket-protocol")
      ?.split(",")
      .map((name) => name.trim()) ?? [];
  if (!offered.includes(SUBPROTOCOL)) {
    throw new Problem("malformed", `The subprotocol ${SUBPROTOCOL} is required.`, {
      hint: "Update the agent: npx capcloud-agent@latest",
    });
  }
  const key = BEARER.exec(c.req.header("authorization") ?? "")?.[1];
  const agent = key === undefined ? null : await verifyAgentKey(c.get("db"), key);
  if (agent === null) {
    throw new Problem("unauthorized", "This agent key is not known here, or was revoked.", {
      hint: "Make a new key and give it to the agent as CAPCLOUD_KEY.",
    });
  }
  if (agent.connectedAt === null) await noteConnected(c.get("db"), agent.id, Date.now());
  const pool = await poolAtDoor(c.env, c.get("db"), c.req.query("pool"), agent.pool);
  return coordinatorOf(c.env, pool).fetch("https://coordinator/agent", {
    headers: {
      Upgrade: "websocket",
      "Sec-WebSocket-Protocol": SUBPROTOCOL,
      [AGENT_HEADER]: agent.id,
      [ORIGIN_HEADER]: new URL(c.req.url).origin,
      [ORDER_HEADER]: JSON.stringify(orderOf(agent)),
    },
  });
});
