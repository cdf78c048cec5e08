/** HLS: `/{slug}/hls/master.m3u8` and, below the plan's id, lists, inits and segments. */
import type { FileRow } from "../../catalog/files.ts";
import { findSegment, listRectangles } from "../../catalog/rectangles.ts";
import { listRenditions } from "../../catalog/renditions.ts";
import { createApp } from "../../http/app.ts";
import { Problem } from "../../http/problems.ts";
import { demandRate, rateLimit } from "../../http/rate-limit.ts";
import { countMade } from "../../media/committed.ts";
import type { Plan } from "../../media/plan.ts";
import { masterPlaylist, mediaPlaylist, textPlaylist } from "../../media/playlist.ts";
import { countSegments } from "../../media/rectangles.ts";
import { openFile } from "../open-file.ts";
import { offeredPlan } from "../offered.ts";
import { parsePiece, servedSegment } from "../segment.ts";
import { serveObject } from "../serve-object.ts";
import { PLAYLIST_TYPE, textAnswer } from "../text-answer.ts";
import { currentPlan, locateSegment, planOfFile } from "../waiting.ts";
import type { Visit } from "../visit.ts";
import { SLUG, userBytes, visitOf } from "./user-bytes.ts";

export const hlsRoutes = createApp();

hlsRoutes.get(`/${SLUG}/hls/master.m3u8`, userBytes, rateLimit("READ_LIMIT"), async (c) => {
  const visit = visitOf(c);
  const file = await openFile(visit.db, c.req.param("slug"));
  const plan = await currentPlan(visit, file);
  const [committed, renditions] = await Promise.all([
    listRectangles(visit.db, plan.id),
    listRenditions(visit.db, file.id),
  ]);
  const offered = offeredPlan(file, plan, committed, renditions);
  if (offered.rungs.length === 0) throw nothingThere(file);
  const master = masterPlaylist(onlyRung(offered, c.req.query("rung")), committed);
  return textAnswer(c.req.raw, master, PLAYLIST_TYPE);
});

hlsRoutes.get(
  `/${SLUG}/hls/:plan{[0-9a-z]+}/:track{[0-9a-z-]+}/:piece{[0-9a-z.-]+}`,
  userBytes,
  async (c) => {
    const { slug, plan, track, piece: step } = c.req.param();
    const visit = visitOf(c);
    const piece = parsePiece(step);
    if (piece === null || piece.kind === "list") {
      await demandRate("READ_LIMIT", c.env, c.req.raw);
      const file = await openFile(visit.db, slug);
      if (piece === null) throw nothingThere(file);
      return listAnswer(visit, file, plan, track);
    }
    const [file, known] = await Promise.all([
      openFile(visit.db, slug),
      findSegment(visit.db, plan, track, piece.segment),
    ]);
    const wanted = { plan, track, piece: piece.kind, segment: piece.segment };
    const location = await locateSegment(visit, file, wanted, known);
    return serveObject(visit, servedSegment(file, location, wanted, piece.segment));
  },
);

/** All planned segments while they are promised; when nothing more will come, those that were made. */
async function listAnswer(visit: Visit, file: FileRow, planId: string, track: string): Promise<Response> {
  const plan = await planOfFile(visit, file, planId);
  const text = textPlaylist(plan, track);
  if (text !== null) return textAnswer(visit.request, text, PLAYLIST_TYPE);
  const committed = await listRectangles(visit.db, plan.id);
  const count = file.status === "processing" ? countSegments(plan) : countMade(track, committed);
  const list = count === 0 ? null : mediaPlaylist(plan, track, committed, count);
  if (list === null) throw nothingThere(file);
  return textAnswer(visit.request, list, PLAYLIST_TYPE);
}

/** `?rung=1080` leaves one choice, for players that cannot choose; an unknown one leaves all. */
function onlyRung(plan: Plan, name: string | undefined): Plan {
  const rungs = plan.rungs.filter((rung) => rung.name === name);
  return rungs.length === 0 ? plan : { ...plan, rungs };
}

function nothingThere(file: FileRow): Problem {
  return new Problem("not_found", "This video has no such rung, track or segment.", {
    hint: `Begin at /${file.id}/hls/master.m3u8, or take the original at /${file.id}.${file.extension}`,
  });
}
