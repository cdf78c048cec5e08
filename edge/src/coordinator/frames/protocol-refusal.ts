/**
 * An agent whose protocol is not spoken here: it is told what to update, and so is the operator. Looked for before
 * anything else of its hello is read, since another protocol's hello may have another shape.
 */
import { SUPPORTED_PROTOCOLS } from "#protocol";
import { z } from "zod";
import { hangUp, type Incoming } from "./incoming.ts";

const AnyHello = z.object({
  type: z.literal("hello"),
  seq: z.number().int(),
  protocol: z.number().int(),
  agentVersion: z.string().max(60).optional(),
});

/** True where the frame is such a hello; then the link is ended. */
export function refuseProtocol({ pool, socket, badge, now }: Incoming, json: unknown): boolean {
  const hello = AnyHello.safeParse(json);
  if (!hello.success || SUPPORTED_PROTOCOLS.includes(hello.data.protocol)) return false;
  const { seq, protocol, agentVersion: version = null } = hello.data;
  const message = sentenceFor(protocol, SUPPORTED_PROTOCOLS);
  pool.store.orders.refuse({ agentId: badge.agentId, message, version, at: now });
  hangUp(pool, socket, seq, message);
  return true;
}

/** Has to fit the reason of a close frame. */
export function sentenceFor(protocol: number, spoken: readonly number[]): string {
  const known = `Protocol ${protocol} is not spoken here (${spoken.join(", ")})`;
  const older = protocol < Math.min(...spoken);
  return older ? `${known}; update the agent: npx capcloud-agent@latest` : `${known}; update this edge.`;
}
