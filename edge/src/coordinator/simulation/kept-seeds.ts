/**
 * Seeds that break a promise without one guard, each with what goes wrong then. They are run with every test. Where
 * plans are drawn otherwise they mean something else: then look for others with `npm run chaos -- --guards`.
 */
export const KEPT_SEEDS: Readonly<Record<number, string>> = {
  7: "an operator cancels and redrives in the midst of a look at the storage, and what was looked for is committed",
  9: "of a job made again, the catalogue keeps naming what is still there, the coordinator what is new",
  52: "an agent that drains renews nothing, and loses what it would have finished",
  155: "the storage has nothing of what it acknowledged, and it is committed",
  500408: "what a viewer had waited for is lost by the storage, and lapses instead of being made again",
};
