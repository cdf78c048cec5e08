/** How a film is shared out among those that are at it, in real workerd. */
import { expect, test } from "vitest";
import type { Grant } from "#protocol";
import { useBench } from "../testing/bench.ts";
import { makeResult } from "../testing/results.ts";
import { eventually, SLOTS, type TestAgent } from "../testing/test-agent.ts";

const bench = useBench();
const FILM_SECONDS = 300;
const AGENTS = 8;
/** The other lease of each is for what is being sent. */
const ENCODERS = AGENTS * (SLOTS.cpu - 1);
/** By then as long as a rectangle is planned at most. */
const ROUNDS = 3;

test("what one of several takes when it comes back is a share of the rest, not a minute of it", async () => {
  const fileId = await bench.file("video");
  const agents: TestAgent[] = [];
  for (let number = 0; number < AGENTS; number++) agents.push(await bench.agent(["inspect", "video"]));
  const inspector = await eventually(() => agents.find((agent) => agent.grants().length > 0) ?? null);
  const { lease, recipe } = await inspector.grant("inspect");
  const { uploads, result } = makeResult({ recipe }, FILM_SECONDS);
  await inspector.complete(lease, await inspector.upload(lease, uploads), result);
  await bench.edge.calls.awaitPlan(fileId, 8_000);
  // One after the other comes back, while the others are at work.
  for (let number = 0; number < ROUNDS * AGENTS; number++) {
    const agent = agents[number % AGENTS];
    const grant = agent?.grants().filter(({ recipe: made }) => made.kind === "video")[
      Math.floor(number / AGENTS)
    ];
    if (!agent || !grant) continue;
    const before = granted(agents).length;
    await bench.finish(agent, grant);
    agent.ready({ gpu: 0, cpu: 1, io: 0 });
    await eventually(() => granted(agents).length > before);
  }
  const longest = Math.max(...granted(agents).map(secondsOf));
  expect(longest).toBeGreaterThan(4);
  expect(longest).toBeLessThanOrEqual(FILM_SECONDS / ENCODERS);
});

function granted(agents: readonly TestAgent[]): Grant[] {
  return agents.flatMap((agent) => agent.grants()).filter(({ recipe }) => recipe.kind === "video");
}

function secondsOf({ recipe }: Grant): number {
  if (recipe.kind !== "video") return 0;
  const ends = recipe.boundaries.filter((boundary) => boundary !== null);
  return ((ends.at(-1) ?? 0) - (ends[0] ?? 0)) / recipe.timescale;
}
