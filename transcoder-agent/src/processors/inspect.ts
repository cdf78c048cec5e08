/**
 * Looks into a file: streams, what the film is and how it is shown, the time of every frame where the container
 * has an index of them (else of the first ones). The first job of every video and audio file; the plan
 * is made from its result, so it decodes nothing: the poster is another job's (`stills.ts`).
 */
import { JobError } from "../errors.ts";
import type { Probed, ProbedStream } from "../ffmpeg/probe.ts";
import type { InspectRecipe, InspectResult, SourceTraits } from "../protocol.ts";
import { makeCover } from "./covers.ts";
import { findHead, type Head } from "./film-head.ts";
import { demuxTimes, headTimes, tabulateTimes, type Film } from "./film-times.ts";
import { deliverIndex } from "./frame-index.ts";
import type { JobContext, Processor, Source } from "./processor.ts";
import { probeSource } from "./probed.ts";
import { chooseRemux, openReadable } from "./readable.ts";
import {
  checkLimits,
  containerName,
  describeStream,
  findCover,
  findFilm,
  isAnamorphic,
  isInterlaced,
  shownSize,
  transferOf,
} from "./shape.ts";
import { describeSound, isPlayableAac } from "./sound.ts";

export const inspect: Processor<InspectRecipe> = async (recipe, context) => {
  const source = await context.source();
  const probed = await probeSource(source);
  checkLimits(probed);
  context.progress(0.1);
  const film = recipe.media === "video" ? findFilm(probed) : null;
  const sounds = probed.streams.filter(
    (stream) =>
      stream.codec_type === "audio" && stream.codec_name !== undefined && (stream.sample_rate ?? 0) > 0,
  );
  if (film === null && sounds.length === 0)
    throw new JobError("unsupported", "There is neither picture nor sound that we can read.");
  const common = {
    kind: "inspect" as const,
    container: containerName(probed),
    bitRate: probed.format.bit_rate ?? null,
    streams: probed.streams.map(describeStream),
  };
  return film === null
    ? { ...common, ...(await inspectSound(source, probed, sounds, context)) }
    : { ...common, ...(await inspectFilm(source, probed, film, sounds, context)) };
};

type Findings = Omit<InspectResult, "kind" | "container" | "bitRate" | "streams">;

async function inspectSound(
  source: Source,
  probed: Probed,
  sounds: ProbedStream[],
  context: JobContext,
): Promise<Findings> {
  const cover = findCover(probed);
  const picture = cover === null ? null : await makeCover(source.url, cover.index, context);
  return {
    duration: probed.format.duration ?? 0,
    video: null,
    audio: sounds.map((stream) => describeSound(stream, isPlayableAac(stream))),
    thumbnail: picture?.thumbnail ?? null,
    hashes: picture?.hashes ?? null,
  };
}

async function inspectFilm(
  source: Source,
  probed: Probed,
  film: ProbedStream,
  sounds: ProbedStream[],
  context: JobContext,
): Promise<Findings> {
  const remux = chooseRemux(probed, film);
  const size = shownSize(film);
  const times = await findTimes(source, remux, film, sounds, context);
  const { variable, frames, origin, index, head } = times;
  const traits: SourceTraits = {
    remux,
    interlaced: isInterlaced(film),
    anamorphic: isAnamorphic(film),
    transfer: transferOf(film),
    variable,
  };
  const codec = film.codec_name ?? "unknown";
  return {
    duration: times.duration,
    video: { stream: film.index, codec, ...size, frames, traits, origin, index, head },
    audio: sounds.map((stream) =>
      describeSound(stream, isPlayableAac(stream) && times.whole.includes(stream.index)),
    ),
    thumbnail: null,
    hashes: null,
  };
}

interface FoundTimes {
  /** Seconds. */
  duration: number;
  variable: boolean;
  frames: number;
  origin: number;
  index: string | null;
  head: Head | null;
  /** Sounds that go from one end of the film to the other without holes. */
  whole: number[];
}

async function findTimes(
  source: Source,
  remux: SourceTraits["remux"],
  { index: stream }: ProbedStream,
  sounds: ProbedStream[],
  context: JobContext,
): Promise<FoundTimes> {
  const { signal } = context;
  const readable = await openReadable(source, remux);
  const probed = await readable.probe();
  const film: Film = { readable, probed, position: readable.stream(stream), sounds };
  const tabled = await tabulateTimes(film);
  // What was remuxed lies here already: reading it all costs little.
  if (tabled === null && remux === null) {
    const early = await headTimes(film, signal);
    if (early !== null) return withoutIndex(early, probed);
  }
  const times = tabled ?? (await demuxTimes(film, signal));
  const seconds = (ticks: number) => ticks / times.index.timescale;
  const ends = [seconds(times.origin), seconds(times.index.end)] as const;
  return {
    ...times,
    variable: times.index.variable,
    duration: ends[1] - ends[0],
    index: await deliverIndex(times.index, context),
    head: findHead(times.index),
    whole: [...times.sounds].flatMap(([index, packets]) => (packets.covers(...ends) ? [index] : [])),
  };
}

/** What nobody can know before all packets are read is taken to be the harder case. */
function withoutIndex({ head, origin }: { head: Head; origin: number }, probed: Probed): FoundTimes {
  const duration = probed.format.duration ?? 0;
  return { duration, variable: true, frames: 0, origin, index: null, head, whole: [] };
}
