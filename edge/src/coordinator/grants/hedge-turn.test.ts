/** When a second agent is asked: only where one would take it. */
import { expect, test } from "vitest";
import { hedgeTurn } from "./hedge-turn.ts";
import { silentFrom } from "./hedging.ts";
import { evenFrames, planOf } from "../../media/testing/plans.ts";
import { RANK } from "../ledger/ledger-types.ts";
import { grantJob, newJob } from "../ledger/ledger.ts";
import { planPieces } from "../plans/pieces.ts";
import { inTurn } from "../pool.ts";
import { grantee, LEASE_MS, NOW, spec } from "../testing/jobs.ts";
import { openLink } from "../testing/link.ts";

test.each([
  ["is done over on an encoder", { gpu: 0, cpu: 1, io: 1 }, true],
  ["is not done over beside an encode, where only what is urgent may go", { gpu: 0, cpu: 0, io: 2 }, false],
])("a silent agent's first rectangle %s", (_where, free, made) => {
  const { pool, socket } = openLink();
  const known = { bootId: "boot", kinds: ["video" as const], capacity: { gpu: 0, cpu: 2, io: 2 }, free };
  pool.sockets.greet(socket, { ...pool.sockets.badge(socket), ...known, seenAt: Date.now() });
  const [first] = planPieces(spec(), planOf(evenFrames(60)));
  if (!first) throw new Error("no rectangle");
  expect(first.rank).toBe(RANK.first);
  const slow = grantJob(newJob(first, "main.1", false, NOW), grantee({ agentId: "slow", slot: "cpu" }), NOW);
  if (!slow) throw new Error("not granted");
  pool.store.jobs.insert(slow, []);
  const now = silentFrom(NOW + LEASE_MS, LEASE_MS);
  expect(inTurn(pool, now, (turn) => hedgeTurn(pool, turn))).toBe(made);
  expect(pool.store.jobs.hedgeOf("main.1") !== null).toBe(made);
});
