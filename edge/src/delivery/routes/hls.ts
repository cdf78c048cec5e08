/** HLS: `/{slug}/hls/master.m3u8` and, below the plan's id, lists, inits and segments. */
import { listRectangles } from "../../catalog/rectangles.ts";
import { createApp } from "../../http/app.ts";
import { Problem } from "../../http/problems.ts";
import type { Plan } from "../../media/plan.ts";
import { masterPlaylist, mediaPlaylist } from "../../media/playlist.ts";
import { openFile } from "../open-file.ts";
import { playlistAnswer } from "../playlist-answer.ts";
import { parsePiece, servedSegment } from "../segment.ts";
import { serveObject } from "../serve-object.ts";
import { currentPlan, locateSegment, planOfFile } from "../waiting.ts";
import { SLUG, userBytes, visitOf } from "./user-bytes.ts";

export const hlsRoutes = createApp();

hlsRoutes.get(`/${SLUG}/hls/master.m3u8`, userBytes, async (c) => {
  const visit = visitOf(c);
  const plan = await currentPlan(visit, await openFile(visit.db, c.req.param("slug")));
  const committed = await listRectangles(visit.db, plan.id);
  return playlistAnswer(c.req.raw, masterPlaylist(onlyRung(plan, c.req.query("rung")), committed));
});

hlsRoutes.get(
  `/${SLUG}/hls/:plan{[0-9a-z]+}/:track{[0-9a-z-]+}/:piece{[0-9a-z.-]+}`,
  userBytes,
  async (c) => {
    const { slug, plan: planId, track, piece: step } = c.req.param();
    const visit = visitOf(c);
    const file = await openFile(visit.db, slug);
    const piece = parsePiece(step);
    if (!piece) throw nothingThere(slug);
    if (piece.kind !== "list") {
      const location = await locateSegment(visit, file, { plan: planId, track, segment: piece.segment });
      const address = { plan: planId, track, piece: piece.kind };
      return serveObject(visit, servedSegment(file, location, address, piece.segment));
    }
    const plan = await planOfFile(visit, file, planId);
    const list = mediaPlaylist(plan, track, await listRectangles(visit.db, plan.id));
    if (list === null) throw nothingThere(slug);
    return playlistAnswer(c.req.raw, list);
  },
);

/** `?rung=1080` leaves one choice, for players that cannot choose; an unknown one leaves all. */
function onlyRung(plan: Plan, name: string | undefined): Plan {
  const rungs = plan.rungs.filter((rung) => rung.name === name);
  return rungs.length === 0 ? plan : { ...plan, rungs };
}

function nothingThere(slug: string): Problem {
  return new Problem("not_found", "This video has no such rung, track or segment.", {
    hint: `Begin at /${slug}/hls/master.m3u8`,
  });
}
