/** `/{slug}/storyboard.vtt`: which picture of the sheets belongs to which stretch of the film. */
import type { FileRow } from "../catalog/files.ts";
import { loadPlan } from "../catalog/plans.ts";
import { listRenditions } from "../catalog/renditions.ts";
import { frozenPlan } from "../media/plan.ts";
import { storyboardText } from "../media/storyboard.ts";
import { missingProduct } from "./rendition.ts";
import { textAnswer, VTT_TYPE } from "./text-answer.ts";
import type { Visit } from "./visit.ts";

/** Once all sheets are there: a player that found half of them would show gaps. */
export async function storyboardAnswer(visit: Visit, file: FileRow): Promise<Response> {
  const sheets = (await listRenditions(visit.db, file.id)).filter(({ kind }) => kind === "storyboard");
  const lacking = sheets.find(({ state }) => state !== "ready") ?? null;
  const plan = file.planId === null ? null : await loadPlan(visit.db, file.planId);
  if (plan === null || sheets.length === 0 || lacking) throw missingProduct(file, "storyboard", lacking);
  return textAnswer(
    visit.request,
    storyboardText(frozenPlan(plan), (sheet) => `storyboard-${sheet}.jpg`),
    VTT_TYPE,
  );
}
