/** What of a plan is offered to players at this moment. Pure. */
import type { FileRow } from "../catalog/files.ts";
import type { RenditionRow } from "../catalog/renditions.ts";
import { type CommittedRectangle, keepMade } from "../media/committed.ts";
import type { Plan } from "../media/plan.ts";

/** All that is promised while it is being made; when nothing more will come, what was made. */
export function offeredPlan(
  file: Pick<FileRow, "status">,
  plan: Plan,
  committed: readonly CommittedRectangle[],
  renditions: readonly RenditionRow[],
): Plan {
  const processing = file.status === "processing";
  const promised = processing ? plan : keepMade(plan, committed);
  const texts = plan.texts.filter(({ name }) => {
    const row = renditions.find((one) => one.kind === "subtitle" && one.name === name);
    // Subtitles hold no file back: they may still be coming when all else is made.
    return row ? row.state !== "failed" : processing;
  });
  return { ...promised, texts };
}
