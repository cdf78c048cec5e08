/**
 * What one done job made, as the catalogue's statements: renditions, rectangles, the plan, the file's description.
 * Called by `publish.ts`, which writes them; all of it is taken from one moment of the ledger.
 */
import type { ImageResult, InspectResult, JobKind, Mp4Result, Picture, StillsResult } from "#protocol";
import { describeStatements } from "../../catalog/files.ts";
import { planStatement } from "../../catalog/plans.ts";
import { rectangleStatements } from "../../catalog/rectangles.ts";
import {
  commitStatements,
  markStatements,
  wantStatements,
  type WantedRendition,
} from "../../catalog/renditions.ts";
import type { Statement } from "../../catalog/write.ts";
import type { RenditionKind } from "../../db/schema.ts";
import { SECOND } from "../../config.ts";
import type { Plan } from "../../media/plan.ts";
import { countSegments } from "../../media/rectangles.ts";
import type { SegmentClaim } from "../store/claim-store.ts";
import type { Job } from "../ledger/ledger-types.ts";
import { EMBED } from "../plans/pieces.ts";
import type { Pool } from "../pool.ts";
import { MP4_TYPE, PLAYLIST_TYPE, typeOf } from "../plans/types.ts";

const ENDS_EARLY = "The film ends before it.";

interface Size {
  width: number | null;
  height: number | null;
}
const NO_SIZE: Size = { width: null, height: null };

export function wordsOf(pool: Pool, job: Job, now: number): Statement[] {
  const result = job.manifest?.result;
  switch (result?.kind) {
    case undefined:
      return [];
    case "inspect":
      return ofInspection(pool, job, result, now);
    case "stills":
      return ofStills(pool, job, result, now);
    case "image":
      return ofPictures(pool, job, result, now);
    case "video":
      return ofTracks(pool, job, now);
    case "audio":
      if (result.download === null) return ofTracks(pool, job, now);
      return ofObject(pool, job, "m4a", result.download.object, NO_SIZE, now);
    case "mp4":
      return ofDownload(pool, job, result, now);
    case "index":
      return ofPlan(pool, job, now);
    case "subtitle":
    case "waveform":
      return ofMade(pool, job, [{ object: result.object, ...NO_SIZE }], now);
    case "storyboard":
      return ofMade(pool, job, result.sheets, now);
  }
}

function ofInspection(pool: Pool, job: Job, result: InspectResult, now: number): Statement[] {
  const description = {
    ...(result.video ? { width: result.video.width, height: result.video.height } : {}),
    ...result.hashes,
    duration: Math.round(result.duration * SECOND),
    streams: result.streams,
  };
  return [
    ...ofPlan(pool, job, now),
    ...wantStatements(pool.db, wantedOfJobs(pool, job.fileId, ["audio", "waveform"], now)),
    ...describeStatements(pool.db, job.fileId, description),
    ...ofPicture(pool, job, "poster", result.poster ?? null, now),
    ...ofPicture(pool, job, "thumbnail", result.thumbnail, now),
  ];
}

function ofStills(pool: Pool, job: Job, { pictures }: StillsResult, now: number): Statement[] {
  if (pictures === null) return [];
  return [
    ...describeStatements(pool.db, job.fileId, pictures.hashes),
    ...ofPicture(pool, job, "poster", pictures.poster, now),
    ...ofPicture(pool, job, "thumbnail", pictures.thumbnail, now),
  ];
}

/** The plan before the file's word of it, and with what its head has made already. */
function ofPlan(pool: Pool, { fileId }: Job, now: number): Statement[] {
  const plan = pool.store.files.planOf(fileId);
  if (!plan) return [];
  return [
    planStatement(pool.db, plan, now),
    ...wantStatements(pool.db, wantedOfPlan(plan, now)),
    ...wantStatements(pool.db, wantedOfJobs(pool, fileId, ["subtitle", "storyboard"], now)),
    ...describeStatements(pool.db, fileId, { planId: plan.id }),
    ...[...plan.rungs, ...plan.tracks].flatMap(({ name }) => ofTrack(pool, plan, name, now)),
  ];
}

function ofDownload(pool: Pool, job: Job, result: Mp4Result, now: number): Statement[] {
  const [made] = job.makes;
  const embed = made?.name === EMBED ? [] : wantedEmbed(pool, job.fileId, now);
  return [
    ...ofObject(pool, job, "mp4", result.object, result, now, made?.name),
    ...wantStatements(pool.db, embed),
  ];
}

/** What the job was to make, in its order, from the objects of its result. */
function ofMade(
  pool: Pool,
  job: Job,
  objects: readonly (Size & { object: string })[],
  now: number,
): Statement[] {
  return job.makes.flatMap(({ kind, name }, at) => {
    const made = objects[at];
    return made
      ? ofObject(pool, job, kind, made.object, made, now, name)
      : markStatements(pool.db, job.fileId, kind, [name], "failed", ENDS_EARLY, now);
  });
}

function ofPictures(pool: Pool, job: Job, result: ImageResult, now: number): Statement[] {
  const { width, height, hashes } = result;
  return [
    ...describeStatements(pool.db, job.fileId, { width, height, ...hashes }),
    ...ofPicture(pool, job, "thumbnail", result.thumbnail, now),
    ...ofPicture(pool, job, "preview", result.preview, now),
    ...ofPicture(pool, job, "mp4", result.mp4, now),
  ];
}

/** One row for each track, with the segments that are this job's own; then the track, once it is whole. */
function ofTracks(pool: Pool, job: Job, now: number): Statement[] {
  const plan = pool.store.files.planOf(job.fileId);
  const claims = pool.store.claims.ofJob(job.id);
  return [...new Set(claims.map(({ track }) => track))].flatMap((track) => {
    const own = claims.filter((claim) => claim.track === track);
    // Of a head the plan is still to come; its publication looks at the track again.
    const whole = plan?.id === job.planId ? ofTrack(pool, plan, track, now) : [];
    return [...ofClaims(pool, job, own, now), ...whole];
  });
}

function ofClaims(pool: Pool, job: Job, claims: readonly SegmentClaim[], now: number): Statement[] {
  const [head] = claims;
  if (!head) return [];
  const { planId, track, objectKey, size, etag, codecs, initOffset, initLength } = head;
  return rectangleStatements(pool.db, {
    ...{ planId, track, jobId: job.id, fileId: job.fileId, objectKey, size, etag, codecs },
    ...{ initOffset, initLength, createdAt: now },
    segments: claims.map(({ segment, offset, length, start, duration }) => [
      ...([segment, offset, length, start, duration] as const),
    ]),
  });
}

function ofTrack(pool: Pool, plan: Plan, name: string, now: number): Statement[] {
  const claims = pool.store.claims.ofTrack(plan.id, name);
  const wanted = wantedOfPlan(plan, now).find((row) => row.name === name);
  if (!wanted || claims.length < countSegments(plan)) return [];
  const { now: _, ...row } = wanted;
  const size = claims.reduce((sum, { length }) => sum + length, 0);
  const made = { ...NO_SIZE, ...row, size, objectKey: null, etag: null, now };
  return commitStatements(pool.db, made);
}

function ofPicture(
  pool: Pool,
  job: Job,
  kind: RenditionKind,
  picture: Picture | null,
  now: number,
): Statement[] {
  return picture ? ofObject(pool, job, kind, picture.object, picture, now) : [];
}

function ofObject(
  pool: Pool,
  job: Job,
  kind: RenditionKind,
  name: string,
  { width, height }: Size,
  now: number,
  as: string = kind,
): Statement[] {
  const object = job.objects.find((stored) => stored.name === name);
  if (!object) return [];
  const { type, size, key: objectKey, etag } = object;
  const { fileId, version } = job;
  return commitStatements(pool.db, {
    ...{ fileId, kind, name: as, version, type, width, height, size, objectKey, etag, now },
  });
}

/** Of sound that browsers do not play its download, and of all what is made afterwards. */
function wantedOfJobs(pool: Pool, fileId: string, kinds: readonly JobKind[], now: number): WantedRendition[] {
  const makers = pool.store.jobs.ofKind(fileId, kinds);
  return makers.flatMap(({ version, makes }) =>
    makes
      .filter(({ kind }) => kind !== "track")
      .map(({ kind, name }) => ({ fileId, kind, name, version, type: typeOf(kind), now })),
  );
}

function wantedEmbed(pool: Pool, fileId: string, now: number): WantedRendition[] {
  const maker = pool.store.jobs.ofKind(fileId, ["mp4"]).find(({ part }) => part === EMBED);
  if (!maker) return [];
  return [{ fileId, kind: "mp4", name: EMBED, version: maker.version, type: MP4_TYPE, now }];
}

/** What a planned video is to have besides its stills. */
function wantedOfPlan(plan: Plan, now: number): WantedRendition[] {
  const { fileId, id: version } = plan;
  const rungs = plan.rungs.map(({ name, width, height }) => ({
    ...{ fileId, kind: "rung" as const, name, version, type: PLAYLIST_TYPE, width, height, now },
  }));
  const tracks = plan.tracks.map(({ name }) => ({
    ...{ fileId, kind: "track" as const, name, version, type: PLAYLIST_TYPE, now },
  }));
  const mp4 = { fileId, kind: "mp4" as const, name: "mp4", version, type: MP4_TYPE, now };
  return [...rungs, ...tracks, mp4];
}
