/**
 * What is joined from committed pieces gets its recipe at the grant, since only then whose each segment is has
 * been decided. Pure. Called by `dispatch.ts`; null where there is nothing to join.
 */
import type { Recipe } from "#protocol";
import { frozenPlan, type Plan } from "../../media/plan.ts";
import { storyboardLayout } from "../../media/storyboard.ts";
import type { SegmentClaim } from "../store/claim-store.ts";
import type { Job, JobInput } from "../ledger/ledger-types.ts";
import { EMBED_BYTES, endOf, mp4Recipe, piecesOf } from "./mp4-recipe.ts";
import { EMBED } from "./pieces.ts";

interface Joined {
  recipe: Recipe;
  inputs: JobInput[];
}

export function joinedRecipe(
  { kind, part }: Pick<Job, "kind" | "part">,
  whole: Plan,
  claims: readonly SegmentClaim[],
): Joined | null {
  // Neither download nor storyboard waits for a rung that was added, or changes with it.
  const plan = frozenPlan(whole);
  if (kind === "storyboard") return storyboardRecipe(plan, claims);
  return mp4Recipe(plan, claims, part === EMBED ? EMBED_BYTES : Infinity);
}

/** Of the lowest rung; no more pictures than there is film, where the file ends early. */
function storyboardRecipe(plan: Plan, claims: readonly SegmentClaim[]): Joined | null {
  const picture = claims.filter(({ track }) => track === plan.rungs[0]?.name);
  const { pieces, inputs } = piecesOf(picture, "v");
  if (pieces.length === 0) return null;
  const { sheets: _, ...layout } = storyboardLayout(plan);
  const reached = Math.max(1, Math.ceil(endOf(picture) / plan.timescale / layout.interval));
  const tiles = Math.min(layout.tiles, reached);
  return { recipe: { kind: "storyboard", video: pieces, ...layout, tiles }, inputs };
}
