/** Draws on the timeline what is encoded already, lighter than what is still to come. */
import { timelineGradient } from "../../src/pages/shared/playback.ts";
import type { RecordView } from "../../src/pages/shared/record.ts";

const COLOURS = { made: "rgb(255 255 255 / 0.42)", open: "rgb(255 255 255 / 0.18)" };

export function drawTimeline(range: HTMLElement, record: RecordView): void {
  const { progress, duration, status } = record;
  const isMaking = status === "processing" && progress !== null && duration !== null;
  const ground = isMaking ? timelineGradient(progress.ranges, duration, COLOURS) : "";
  range.style.setProperty("--media-range-track-background", ground);
}
