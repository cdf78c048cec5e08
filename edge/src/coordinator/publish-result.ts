/** Writes what one done job made into the catalogue: renditions, rectangles, the plan, the file's description. */
import type { ImageResult, InspectResult, JobKind, Mp4Result, Picture } from "#protocol";
import { describeFile } from "../catalog/files.ts";
import { savePlan } from "../catalog/plans.ts";
import { commitRectangle } from "../catalog/rectangles.ts";
import {
  commitRendition,
  markRenditions,
  wantRenditions,
  type WantedRendition,
} from "../catalog/renditions.ts";
import type { RenditionKind } from "../db/schema.ts";
import { SECOND } from "../config.ts";
import type { Plan } from "../media/plan.ts";
import { countSegments } from "../media/rectangles.ts";
import type { SegmentClaim } from "./claim-store.ts";
import type { Job } from "./ledger-types.ts";
import { EMBED } from "./pieces.ts";
import type { Pool } from "./pool.ts";
import { MP4_TYPE, PLAYLIST_TYPE, typeOf } from "./types.ts";

const ENDS_EARLY = "The film ends before it.";

interface Size {
  width: number | null;
  height: number | null;
}
const NO_SIZE: Size = { width: null, height: null };

export async function publishResult(pool: Pool, job: Job, now: number): Promise<void> {
  const result = job.manifest?.result;
  switch (result?.kind) {
    case undefined:
      return;
    case "inspect":
      return publishInspection(pool, job, result, now);
    case "image":
      return publishPictures(pool, job, result, now);
    case "video":
      return publishTracks(pool, job, now);
    case "audio":
      if (result.download === null) return publishTracks(pool, job, now);
      return commitObject(pool, job, "m4a", result.download.object, NO_SIZE, now);
    case "mp4":
      return publishDownload(pool, job, result, now);
    case "index":
      return publishPlan(pool, job, now);
    case "subtitle":
    case "waveform":
      return publishMade(pool, job, [{ object: result.object, ...NO_SIZE }], now);
    case "storyboard":
      return publishMade(pool, job, result.sheets, now);
  }
}

async function publishInspection(pool: Pool, job: Job, result: InspectResult, now: number): Promise<void> {
  await publishPlan(pool, job, now);
  await wantRenditions(pool.db, wantedOfJobs(pool, job.fileId, ["audio", "waveform"], now));
  await describeFile(pool.db, job.fileId, {
    ...(result.video ? { width: result.video.width, height: result.video.height } : {}),
    ...result.hashes,
    duration: Math.round(result.duration * SECOND),
    streams: result.streams,
  });
  await commitPicture(pool, job, "poster", result.poster, now);
  await commitPicture(pool, job, "thumbnail", result.thumbnail, now);
}

/** The plan before the file's word of it, and with what its head has made already. */
async function publishPlan(pool: Pool, { fileId }: Job, now: number): Promise<void> {
  const plan = pool.store.files.planOf(fileId);
  if (!plan) return;
  await savePlan(pool.db, plan, now);
  await wantRenditions(pool.db, wantedOfPlan(plan, now));
  await wantRenditions(pool.db, wantedOfJobs(pool, fileId, ["subtitle", "storyboard"], now));
  await describeFile(pool.db, fileId, { planId: plan.id });
  for (const { name } of [...plan.rungs, ...plan.tracks]) await commitTrack(pool, plan, name, now);
}

async function publishDownload(pool: Pool, job: Job, result: Mp4Result, now: number): Promise<void> {
  const [made] = job.makes;
  await commitObject(pool, job, "mp4", result.object, result, now, made?.name);
  if (made?.name !== EMBED) await wantRenditions(pool.db, wantedEmbed(pool, job.fileId, now));
}

/** What the job was to make, in its order, from the objects of its result. */
async function publishMade(
  pool: Pool,
  job: Job,
  objects: readonly (Size & { object: string })[],
  now: number,
): Promise<void> {
  for (const [at, { kind, name }] of job.makes.entries()) {
    const made = objects[at];
    if (made) await commitObject(pool, job, kind, made.object, made, now, name);
    else await markRenditions(pool.db, job.fileId, kind, [name], "failed", ENDS_EARLY, now);
  }
}

async function publishPictures(pool: Pool, job: Job, result: ImageResult, now: number): Promise<void> {
  const { width, height, hashes } = result;
  await describeFile(pool.db, job.fileId, { width, height, ...hashes });
  await commitPicture(pool, job, "thumbnail", result.thumbnail, now);
  await commitPicture(pool, job, "preview", result.preview, now);
  await commitPicture(pool, job, "mp4", result.mp4, now);
}

/** One row for each track, with the segments that are this job's own; then the track, once it is whole. */
async function publishTracks(pool: Pool, job: Job, now: number): Promise<void> {
  const plan = pool.store.files.planOf(job.fileId);
  const claims = pool.store.claims.ofJob(job.id);
  for (const track of new Set(claims.map((claim) => claim.track))) {
    const own = claims.filter((claim) => claim.track === track);
    await commitClaims(pool, job, own, now);
    // Of a head the plan is still to come; its publication looks at the track again.
    if (plan?.id === job.planId) await commitTrack(pool, plan, track, now);
  }
}

async function commitClaims(
  pool: Pool,
  job: Job,
  claims: readonly SegmentClaim[],
  now: number,
): Promise<void> {
  const [head] = claims;
  if (!head) return;
  const { planId, track, objectKey, size, etag, codecs, initOffset, initLength } = head;
  await commitRectangle(pool.db, {
    ...{ planId, track, jobId: job.id, fileId: job.fileId, objectKey, size, etag, codecs },
    ...{ initOffset, initLength, createdAt: now },
    segments: claims.map(({ segment, offset, length, start, duration }) => [
      ...([segment, offset, length, start, duration] as const),
    ]),
  });
}

async function commitTrack(pool: Pool, plan: Plan, name: string, now: number): Promise<void> {
  const claims = pool.store.claims.ofTrack(plan.id, name);
  const wanted = wantedOfPlan(plan, now).find((row) => row.name === name);
  if (!wanted || claims.length < countSegments(plan)) return;
  const { now: _, ...row } = wanted;
  const size = claims.reduce((sum, { length }) => sum + length, 0);
  await commitRendition(pool.db, {
    ...NO_SIZE,
    ...row,
    size,
    objectKey: null,
    etag: null,
    now,
  });
}

async function commitPicture(
  pool: Pool,
  job: Job,
  kind: RenditionKind,
  picture: Picture | null,
  now: number,
): Promise<void> {
  if (picture) await commitObject(pool, job, kind, picture.object, picture, now);
}

async function commitObject(
  pool: Pool,
  job: Job,
  kind: RenditionKind,
  name: string,
  { width, height }: Size,
  now: number,
  as: string = kind,
): Promise<void> {
  const object = job.objects.find((stored) => stored.name === name);
  if (!object) return;
  const { type, size, key: objectKey, etag } = object;
  const { fileId, version } = job;
  await commitRendition(pool.db, {
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
