/**
 * Waits, for a while, for what a video does not have yet: its plan, or one segment of a rung. Asking for a
 * segment also tells the coordinator that somebody wants it. Throws 503 when it takes longer, and 404 where
 * it will never come.
 */
import type { FileRow } from "../catalog/files.ts";
import { loadPlan } from "../catalog/plans.ts";
import type { SegmentLocation } from "../catalog/rectangles.ts";
import { findRendition } from "../catalog/renditions.ts";
import { SECOND } from "../config.ts";
import { coordinatorOf } from "../coordinator/client.ts";
import { demandRate } from "../http/rate-limit.ts";
import { Problem } from "../http/problems.ts";
import type { Plan } from "../media/plan.ts";
import { countSegments } from "../media/rectangles.ts";
import { filePrefixes } from "../storage/object-keys.ts";
import type { Visit } from "./visit.ts";

/** hls.js gives up on a first byte after 10 s. */
const WAIT_MS = 8 * SECOND;
const RETRY_AFTER_S = 2;

export interface Wanted {
  plan: string;
  track: string;
  segment: number;
  piece: "init" | "segment";
}

/** The plan that the file's master is made of. */
export async function currentPlan(visit: Visit, file: FileRow): Promise<Plan> {
  if (file.kind !== "video") throw neverComes("A file of this kind is not streamed.", file);
  const known = file.planId ?? (await awaitPlan(visit, file));
  const plan = known === null ? null : await loadPlan(visit.db, known);
  if (plan) return plan;
  if (file.status !== "processing") throw neverComes("This file has no picture to stream.", file);
  throw stillComing("The video is still being looked at.");
}

/** A plan by its id, if it is one of this file's. */
export async function planOfFile(visit: Visit, file: FileRow, planId: string): Promise<Plan> {
  const plan = await loadPlan(visit.db, planId);
  if (plan?.fileId === file.id) return plan;
  throw neverComes("This file has no such plan.", file, `Begin again at /${file.id}/hls/master.m3u8`);
}

/** Where the segment's bytes lie, after waiting for them if need be. `known`: what the catalogue says. */
export async function locateSegment(
  visit: Visit,
  file: FileRow,
  wanted: Wanted,
  known: SegmentLocation | null,
): Promise<SegmentLocation> {
  const { plan: planId, track, segment, piece } = wanted;
  if (known && isOfFile(known, file)) return known;
  // From here on it costs the coordinator something, and whoever asks is anonymous.
  await demandRate("READ_LIMIT", visit.env, visit.request);
  const plan = await planOfFile(visit, file, planId);
  const isRung = plan.rungs.some(({ name }) => name === track);
  const planned = isRung || plan.tracks.some(({ name }) => name === track);
  if (!planned || segment >= countSegments(plan)) throw neverComes("The plan has no such segment.", file);
  const row = await findRendition(visit.db, file.id, isRung ? "rung" : "track", track);
  if (row?.state === "failed") throw neverComes(`This could not be made: ${row.reason ?? "unknown"}.`, file);
  const made = await coordinatorOf(visit.env, file.pool)
    .awaitSegment(planId, track, segment, WAIT_MS, viewerOf(visit.request, piece))
    .catch(() => null);
  if (made && isOfFile(made, file)) return made;
  if (file.status !== "processing") throw neverComes("This segment was never made.", file);
  throw stillComing("This segment is still being made.");
}

/** Null after the wait, or when the coordinator restarted meanwhile. */
async function awaitPlan(visit: Visit, file: FileRow): Promise<string | null> {
  if (file.status !== "processing") return null;
  return coordinatorOf(visit.env, file.pool)
    .awaitPlan(file.id, WAIT_MS)
    .catch(() => null);
}

/**
 * What Apple's players and ours send with each request of one playback, so that a seek ends an older wait. Who begins
 * in the middle waits for two places at once, the film's parameters and the first segment: neither ends the other.
 */
function viewerOf(request: Request, piece: Wanted["piece"]): string | undefined {
  const session = request.headers.get("x-playback-session-id");
  return session !== null && /^[\w-]{8,64}$/.test(session) ? `${session} ${piece}` : undefined;
}

/** A plan's id in an address is a visitor's word: the object must lie below this file's own prefix. */
function isOfFile({ objectKey }: SegmentLocation, file: FileRow): boolean {
  return filePrefixes(file.id).some((prefix) => objectKey.startsWith(prefix));
}

function stillComing(message: string): Problem {
  return new Problem("unavailable", message, {
    hint: "Ask again in a moment, or play the original meanwhile.",
    retryAfter: RETRY_AFTER_S,
    expected: true,
  });
}

function neverComes(message: string, file: FileRow, hint?: string): Problem {
  return new Problem("not_found", message, {
    hint: hint ?? `The original is at /${file.id}.${file.extension}`,
  });
}
