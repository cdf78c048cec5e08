/**
 * Frames that no honest agent sends, through an agent's own link: a lease of somebody else, an epoch that is over with
 * a secret that holds, a secret that is over at the epoch that holds. Each must be refused.
 */
import type { AgentFrame, LeaseRef } from "#protocol";
import type { Chance } from "./random.ts";
import type { Simulated } from "./simulated.ts";
import type { Wire } from "./wire.ts";

/** Numbers that no agent reaches by itself. */
export const FORGED_SEQ = 1_000_000_000;
/** Its address would let whoever forged it write below the prefix of the lease that holds. */
const WISH = { name: "forged.webp", size: 10, type: "image/webp" };

export function forge({ object, observer, world }: Simulated, wire: Wire, stream: Chance): void {
  const held = object.rows<{ id: string; epoch: number; agentId: string; kind: string }>(
    "select id, epoch, agentId, kind from jobs where state = 'leased' order by id",
  );
  for (const { id, epoch } of held) {
    const given = observer.genuine.get(id) ?? [];
    const current = given.find(({ lease }) => lease.epoch === epoch);
    if (!current) continue;
    const claims: LeaseRef[] = [
      { job: id, epoch, secret: `${current.lease.secret.slice(0, -1)}_` },
      { job: id, epoch: epoch - 1, secret: current.lease.secret },
      { job: id, epoch: epoch + 1, secret: current.lease.secret },
      ...given.filter(({ lease }) => lease.epoch < epoch).map(({ lease }) => ({ ...lease, epoch })),
      ...(current.agentId === wire.agentId ? [] : [current.lease]),
    ];
    for (const lease of claims) {
      if (lease.epoch < 0) continue;
      world.note(`forged by ${wire.agentId}: ${lease.job} ${lease.epoch}`);
      const own = current.agentId === wire.agentId;
      wire.toServer(JSON.stringify(frameFor(lease, own, stream)));
    }
  }
}

/** `own`: the agent would take the answer to a renewal for one of its own. */
function frameFor(lease: LeaseRef, own: boolean, stream: Chance): AgentFrame {
  const seq = FORGED_SEQ + stream.whole(0, 1_000_000_000);
  const result = { kind: "index", index: "index.json" } as const;
  const objects = [{ name: "index.json", size: 10, etag: "e" }];
  return stream.pick<AgentFrame>([
    { type: "complete", seq, lease, objects, result },
    { type: "release", seq, lease },
    { type: "sign", seq, lease, inputs: [], outputs: [WISH], parts: [] },
    { type: "fail", seq, lease, class: "permanent", code: "corrupt", message: "forged" },
    ...(own ? [] : [{ type: "renew" as const, seq, leases: [{ ...lease, fraction: 1 }] }]),
  ]);
}
