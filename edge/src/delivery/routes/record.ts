/** A file's JSON: its record, its events, and the ways to play it. */
import type { FileRow } from "../../catalog/files.ts";
import { listRectangles } from "../../catalog/rectangles.ts";
import { listRenditions } from "../../catalog/renditions.ts";
import { ulid } from "../../catalog/ids.ts";
import { SECOND } from "../../config.ts";
import { coordinatorOf } from "../../coordinator/client.ts";
import { createApp } from "../../http/app.ts";
import { Problem } from "../../http/problems.ts";
import { rateLimit } from "../../http/rate-limit.ts";
import { eventsAnswer } from "../events.ts";
import { NEVER } from "../freshness.ts";
import { openFile } from "../open-file.ts";
import { progressNow, recordNow } from "../record-now.ts";
import { videoSources } from "../video-sources.ts";
import { SLUG, visitOf } from "./user-bytes.ts";

/** The upload itself tells the coordinator within this time; its word names the first job. */
const TOLD_WITHIN_MS = 30 * SECOND;

export const recordRoutes = createApp();

recordRoutes.get(`/api/files/${SLUG}`, rateLimit("READ_LIMIT"), async (c) => {
  const visit = visitOf(c);
  const file = await openFile(visit.db, c.req.param("slug"));
  const record = await recordNow(visit, file, await progressNow(visit, file));
  return c.json(record, 200, { "Cache-Control": NEVER });
});

recordRoutes.get(`/api/files/${SLUG}/events`, rateLimit("READ_LIMIT"), async (c) => {
  const visit = visitOf(c);
  const file = await openFile(visit.db, c.req.param("slug"));
  return eventsAnswer(visit, file.id);
});

recordRoutes.get(`/api/files/${SLUG}/video-sources`, rateLimit("READ_LIMIT"), async (c) => {
  const visit = visitOf(c);
  const file = await openFile(visit.db, c.req.param("slug"));
  if (file.kind !== "video" && file.kind !== "animation") {
    throw new Problem("not_found", "This file is no video.", {
      hint: `Its record is at /api/files/${file.id}`,
    });
  }
  const committed = file.planId === null ? [] : await listRectangles(visit.db, file.planId);
  const begun = committed.some(({ segments }) => segments.some(([segment]) => segment === 0));
  const sources = videoSources(file, await listRenditions(visit.db, file.id), begun, visit.origin);
  const started = file.status === "processing";
  if (started && isOverdue(file, Date.now())) {
    visit.waitUntil(coordinatorOf(visit.env, file.pool).enqueueFile(file.id, ulid(Date.now())));
  }
  return c.json({ success: true, ...sources, prepare: { started } }, 200, { "Cache-Control": NEVER });
});

/** Then a nudge can do good, and never harm: a file's jobs are made once, however often the coordinator is told. */
function isOverdue({ storedAt }: FileRow, now: number): boolean {
  return storedAt !== null && now - storedAt > TOLD_WITHIN_MS;
}
