/**
 * A rectangle: segments × rungs, each rung to an object of its own with one fragment per segment: copied rungs
 * first, since they take no time, then all others by one decode. The coordinator compares the frames counted here with the plan's.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { JobError } from "../errors.ts";
import { withFallback } from "../ffmpeg/choice.ts";
import { cutVideo } from "../ffmpeg/cuts.ts";
import { rewriteFragments } from "../ffmpeg/fragments.ts";
import type { Encoder } from "../ffmpeg/encoders.ts";
import { isPlainEnough } from "../ffmpeg/hardware-decoding.ts";
import { runFfmpeg } from "../ffmpeg/run.ts";
import type { Sample } from "../ffmpeg/samples.ts";
import { encodeRectangle } from "../ffmpeg/video-arguments.ts";
import type { RungRecipe, VideoRecipe, VideoResult } from "../protocol.ts";
import type { JobContext, Processor } from "./processor.ts";
import { closeEnd } from "./open-end.ts";
import { copyRung } from "./video-copy.ts";
import { openReadable, probedStream, type Readable } from "./readable.ts";
import { rotation } from "./shape.ts";
import { LandedLate, landingOf, readFromBefore } from "./seeking.ts";
import { checkStretch, fractionOf, inTurn, onTimeline, timelineBoundaries } from "./stretch.ts";

export const video: Processor<VideoRecipe> = async (recipe, context) => {
  checkStretch(recipe);
  const source = await context.source();
  const readable = await openReadable(source, recipe.traits.remux);
  return inTurn(recipe, source, () => makeRectangle(recipe, readable, context));
};

async function makeRectangle(
  recipe: VideoRecipe,
  readable: Readable,
  context: JobContext,
): Promise<VideoResult> {
  const rectangle = { ...recipe, boundaries: await closeEnd(recipe, readable, context.signal) };
  const done = new Map<string, VideoResult["rungs"][number]>();
  for (const rung of recipe.rungs.filter(({ mode }) => mode === "copy")) {
    const report = await copyRung(rung, rectangle, readable, context);
    if (report !== null) done.set(rung.name, report);
  }
  const rungs = recipe.rungs.filter(({ name }) => !done.has(name));
  const encoded = rungs.length === 0 ? null : await encodeAll({ ...rectangle, rungs }, readable, context);
  for (const report of encoded?.rungs ?? []) done.set(report.name, report);
  return {
    kind: "video",
    rungs: recipe.rungs.flatMap(({ name }) => done.get(name) ?? []),
    encoder: encoded?.encoder ?? "copy",
  };
}

/** A wait asks for no more. */
const SHORT_SEGMENTS = 3;

/** A recipe whose end is known. */
type Rectangle = Omit<VideoRecipe, "boundaries"> & { boundaries: number[] };

async function encodeAll(recipe: Rectangle, readable: Readable, context: JobContext) {
  const { kind, encoders } = await encodersFor(recipe, readable, context);
  return withFallback(encoders, kind, context.log, async (encoder) => ({
    rungs: await encodeRungs(recipe, readable, encoder, context),
    encoder: encoder.name,
  }));
}

/** Which pipelines may do it, and under what name it is remembered when one cannot. */
async function encodersFor(recipe: Rectangle, readable: Readable, { encoders }: JobContext) {
  const { codec, traits } = recipe;
  if (encoders.every(({ decoding }) => decoding === undefined))
    return { kind: `${codec} ${traits.transfer}`, encoders };
  const film = await probedStream(readable, recipe.stream);
  const turned = film === undefined || rotation(film) !== 0;
  const sides = recipe.rungs.flatMap(({ width, height }) => [width, height]);
  const least = Math.min(film?.width ?? 0, film?.height ?? 0, ...sides);
  const plain = isPlainEnough(traits, { width: least, height: least, turned });
  return {
    kind: [codec, film?.profile, film?.pix_fmt, traits.transfer].join(" "),
    encoders: encoders.filter(({ decoding }) => plain || decoding === undefined),
  };
}

async function encodeRungs(
  recipe: Rectangle,
  readable: Readable,
  encoder: Encoder,
  context: JobContext,
): Promise<VideoResult["rungs"]> {
  const follow = following(context);
  return readFromBefore(landingOf(recipe), async (from) => {
    const outcome = await runFfmpeg(
      encodeRectangle({
        ...recipe,
        url: readable.url,
        stream: readable.stream(recipe.stream),
        from,
        rungs: recipe.rungs.map((rung) => ({ ...rung, path: rawPath(rung, context) })),
        encoder,
      }),
      {
        signal: context.signal,
        foreground: isShort(recipe),
        onProgress: (progress) => follow(fractionOf(recipe, progress, 0)),
      },
    );
    context.easing();
    if (outcome.frame === 0) throw noFrames(from);
    return collectRungs(recipe, from !== null, outcome.frame, context);
  });
}

/**
 * Starting the next encoder takes some hundred milliseconds on one core, in which the others have nothing to do. Two that
 * run beside each other for longer take more of the cores than one after the other (measured on two: 5 % at a second).
 */
const EASING_MS = 200;

/** Tells how far the encoder is, and at the pace so far when it is about to end. */
function following(context: JobContext): (fraction: number) => void {
  const began = performance.now();
  return (fraction) => {
    context.progress(fraction);
    const left = ((performance.now() - began) * (1 - fraction)) / fraction;
    if (left < EASING_MS) context.easing();
  };
}

/** A film's first segment, or what a viewer waits for. */
function isShort({ segments: [first, end], rungs }: Rectangle): boolean {
  return rungs.length === 1 && end - first <= SHORT_SEGMENTS;
}

/** A seek behind the last keyframe gives nothing at all: that is landing late, unless all was read. */
function noFrames(from: number | null): Error {
  if (from !== null) return new LandedLate("no frame");
  return new JobError("corrupt", "No frame of these segments can be decoded.");
}

async function collectRungs(
  recipe: Rectangle,
  sought: boolean,
  frames: number,
  context: JobContext,
): Promise<VideoResult["rungs"]> {
  const boundaries = timelineBoundaries(recipe.boundaries, recipe);
  const cut = (samples: Sample[]) => {
    const first = samples.reduce((earliest, { pts }) => Math.min(earliest, pts), Infinity);
    if (sought && first > (recipe.boundaries[0] ?? 0)) throw new LandedLate("the first frame is missing");
    return cutVideo(onTimeline(samples, recipe), boundaries, recipe.segments[0]);
  };
  const reports: VideoResult["rungs"] = [];
  for (const rung of recipe.rungs) {
    const object = `${rung.name}.mp4`;
    const report = await rewriteFragments(rawPath(rung, context), join(context.workspace, object), cut);
    if (report.frames !== frames)
      throw new JobError("crashed", `${report.frames} of ${frames} frames arrived in rung ${rung.name}.`);
    reports.push({ name: rung.name, object, ...report });
  }
  // Only now: a rung found wanting would be encoded again under the same name.
  for (const { object } of reports) {
    context.deliver({ name: object, type: "video/mp4", path: join(context.workspace, object) });
  }
  await Promise.all(recipe.rungs.map((rung) => rm(rawPath(rung, context), { force: true })));
  return reports;
}

function rawPath(rung: RungRecipe, context: JobContext): string {
  return join(context.workspace, `${rung.name}.raw.mp4`);
}
