/**
 * The storyboard of a film: small pictures at even distances, in sheets, and the WebVTT that tells a player
 * which picture belongs to which stretch of the timeline. Pure; the coordinator makes the recipe of it and
 * delivery the text, and both come to the same from the plan alone.
 */
import type { Plan } from "./plan.ts";
import { timelineSeconds } from "./timeline.ts";

export interface StoryboardLayout {
  /** Seconds from one picture to the next. */
  interval: number;
  tiles: number;
  /** Of a full sheet. */
  columns: number;
  rows: number;
  /** Of one picture, in pixels. */
  width: number;
  height: number;
  sheets: number;
}

const LEAST_INTERVAL_SECONDS = 4;
/** However long the film, no more pictures than this: one sheet. */
const MOST_TILES = 100;
const SIDE = 10;
const TILE_WIDTH = 160;
/** Of an upright film; a wider shape keeps the width, a narrower one this height. */
const TILE_HEIGHT = 284;

export function storyboardLayout(plan: Plan): StoryboardLayout {
  const seconds = timelineSeconds(plan);
  const interval = Math.max(LEAST_INTERVAL_SECONDS, Math.ceil(seconds / MOST_TILES));
  const tiles = Math.max(1, Math.ceil(seconds / interval));
  const columns = Math.min(SIDE, tiles);
  const rows = Math.min(SIDE, Math.ceil(tiles / columns));
  return { interval, tiles, columns, rows, ...tileSize(plan), sheets: Math.ceil(tiles / (columns * rows)) };
}

/** `address` of a sheet, as seen from where the text is served. */
export function storyboardText(plan: Plan, address: (sheet: number) => string): string {
  const { interval, tiles, columns, rows, width, height } = storyboardLayout(plan);
  const end = timelineSeconds(plan);
  const cues = Array.from({ length: tiles }, (_, tile) => {
    const [sheet, place] = [Math.floor(tile / (columns * rows)), tile % (columns * rows)];
    const [x, y] = [(place % columns) * width, Math.floor(place / columns) * height];
    const [from, until] = [tile * interval, Math.min(end, (tile + 1) * interval)];
    return `${clock(from)} --> ${clock(until)}\n${address(sheet)}#xywh=${x},${y},${width},${height}\n`;
  });
  return ["WEBVTT\n", ...cues].join("\n");
}

function tileSize({ rungs }: Plan): { width: number; height: number } {
  const { width, height } = rungs[0] ?? { width: 16, height: 9 };
  const scale = Math.min(TILE_WIDTH / width, TILE_HEIGHT / height);
  return { width: even(width * scale), height: even(height * scale) };
}

/** JPEG at 4:2:0 halves both sides. */
function even(side: number): number {
  return Math.max(2, Math.round(side / 2) * 2);
}

/** `1:02:03.5` → `01:02:03.500` */
function clock(seconds: number): string {
  const whole = Math.round(seconds * 1_000);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const [hours, minutes, rest] = [whole / 3_600_000, (whole / 60_000) % 60, (whole / 1_000) % 60];
  return `${two(hours)}:${two(minutes)}:${two(rest)}.${String(whole % 1_000).padStart(3, "0")}`;
}
