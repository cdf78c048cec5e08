/**
 * Which jobs a file needs as a whole, pure: the first one from its row, others from its inspection. What is
 * made of a planned film in pieces stands in `pieces.ts`. Called by the coordinator when a file is enqueued and
 * when its inspection commits; the same input always yields the same keys, so doing it twice adds nothing.
 */
import type { AudioDownloadRecipe, InspectResult, Recipe } from "#protocol";
import { KIB, SECOND } from "../../config.ts";
import { RANK, type Job, type JobSpec, type Made } from "../ledger/ledger-types.ts";
import type { StoredFile } from "./stored-file.ts";

/** The name under which an agent reads the original. */
export const ORIGINAL = "original";
/** Part of a job that is its file's only one of its kind and version. */
export const WHOLE = "all";
/** Raised when processors make something else of the same recipe. */
const PIPELINE = 1;
/** Bytes a second that inspecting, copying and stills get through on a slow line. */
const SLOW_LINE = 512 * KIB;
/** Cost of work that is not measured in seconds of picture. */
export const SMALL_COST = 2;
/** Columns of a drawn waveform: more than a page is wide, in a few kilobytes. */
const WAVEFORM_BUCKETS = 1_000;

/** What a job takes over from the file, or from an earlier job of the same file. */
export type Origin = Pick<JobSpec, "fileId" | "owner" | "shard" | "sourceEtag" | "inputs">;

export function originOf(file: StoredFile): Origin {
  return {
    fileId: file.id,
    owner: file.owner,
    shard: file.shard,
    sourceEtag: file.sha256 ?? file.objectKey,
    inputs: [{ name: ORIGINAL, key: file.objectKey, size: file.size }],
  };
}

/** For a further job of the same file. */
export function sameOrigin({ fileId, owner, shard, sourceEtag, inputs }: Job): Origin {
  return { fileId, owner, shard, sourceEtag, inputs };
}

/**
 * Stills at once for pictures, an inspection for what plays, nothing for the rest. The stills of a film are made
 * beside its inspection: no first segment waits for them.
 */
export function planFirst(file: StoredFile): JobSpec[] {
  const pictures: Made[] = [single("thumbnail"), single("preview")];
  const first = (recipe: Recipe, makes: Made[]) => wholeJob(originOf(file), recipe, RANK.stills, makes);
  switch (file.kind) {
    case "image":
      return [first({ kind: "image", animated: false }, pictures)];
    case "animation":
      return [first({ kind: "image", animated: true }, [...pictures, single("mp4")])];
    case "video":
      return [
        first({ kind: "inspect", media: "video" }, []),
        first({ kind: "stills" }, [single("poster"), single("thumbnail")]),
      ];
    case "audio":
      return [first({ kind: "inspect", media: "audio" }, [])];
    case "text":
    case "document":
    case "other":
      return [];
  }
}

/** For a file of sound that browsers do not play. Null where they do, or where there is no sound. */
export function planDownload(origin: Origin, inspection: InspectResult): JobSpec | null {
  const track = inspection.audio[0];
  if (!track || isWebPlayable(inspection.container, track.codec)) return null;
  const recipe: AudioDownloadRecipe = {
    kind: "audio",
    purpose: "download",
    stream: track.stream,
    mode: track.copyable ? "copy" : "encode",
  };
  const job = wholeJob(origin, recipe, RANK.rest, [single("m4a")]);
  return { ...job, workMs: Math.max(job.workMs, inspection.duration * SECOND) };
}

/** By what ffprobe calls container and codec. */
export function isWebPlayable(container: string, codec: string): boolean {
  const names = container.split(",");
  const holds = (...some: string[]) => names.some((name) => some.includes(name));
  if (holds("mp3")) return codec === "mp3";
  if (holds("mov", "mp4", "m4a")) return codec === "aac" || codec === "mp3";
  if (holds("ogg")) return codec === "opus" || codec === "vorbis" || codec === "flac";
  if (holds("matroska", "webm")) return holds("webm") && (codec === "opus" || codec === "vorbis");
  if (holds("flac")) return codec === "flac";
  if (holds("aac")) return codec === "aac";
  return holds("wav") && ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"].includes(codec);
}

/** Names the recipe: FNV-1a of what it says. Only told apart, never trusted. */
export function recipeVersion(recipe: Recipe): string {
  let hash = 0x811c9dc5;
  for (const letter of `${PIPELINE} ${JSON.stringify(recipe)}`) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}

/** All frame times of a film whose inspection found none; nothing but its head is made before. */
export function planIndex(origin: Origin, { video, duration }: InspectResult): JobSpec | null {
  if (video === null) return null;
  const { stream, traits } = video;
  const job = wholeJob(origin, { kind: "index", stream, remux: traits.remux }, RANK.head, []);
  return { ...job, workMs: Math.max(job.workMs, duration * SECOND) };
}

export function planWaveform(origin: Origin, { audio, duration }: InspectResult): JobSpec | null {
  const [track] = audio;
  if (!track) return null;
  const recipe: Recipe = { kind: "waveform", stream: track.stream, buckets: WAVEFORM_BUCKETS };
  const job = wholeJob(origin, recipe, RANK.after, [single("waveform")]);
  return { ...job, workMs: Math.max(job.workMs, duration * SECOND) };
}

export function single(kind: Made["kind"]): Made {
  return { kind, name: kind };
}

export function wholeJob(origin: Origin, recipe: Recipe, rank: number, makes: Made[]): JobSpec {
  const bytes = origin.inputs.reduce((sum, input) => sum + input.size, 0);
  return {
    ...origin,
    kind: recipe.kind,
    version: recipeVersion(recipe),
    part: WHOLE,
    planId: null,
    rank,
    needs: "io",
    startMs: 0,
    position: 0,
    cost: SMALL_COST,
    workMs: (bytes / SLOW_LINE) * SECOND,
    recipe,
    makes,
    hedgeOf: null,
    parents: [],
  };
}
