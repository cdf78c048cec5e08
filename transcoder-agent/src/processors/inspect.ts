/**
 * Looks into a file: streams, what the film is and how it is shown, the time of every frame, a poster. The
 * first job of every video and audio file; the plan is made from its result. Decodes a handful of frames.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JobError } from "../errors.ts";
import { probeFile, readPackets, ticksPerSecond, type Probed, type ProbedStream } from "../ffmpeg/probe.ts";
import type { InspectRecipe, InspectResult, SourceTraits } from "../protocol.ts";
import { makeCover } from "./covers.ts";
import { collectFrameTimes } from "./frame-times.ts";
import type { JobContext, Processor, Source } from "./processor.ts";
import { chooseRemux, openReadable, type Readable } from "./readable.ts";
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
import { describeSound, followPackets, isPlayableAac, type Continuity } from "./sound.ts";
import { makeStills } from "./stills.ts";

const INDEX_OBJECT = "index.json";

export const inspect: Processor<InspectRecipe> = async (recipe, context) => {
  const source = await context.source();
  const probed = await probeFile(source.url, { signal: context.signal });
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
    poster: null,
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
  const readable = await openReadable(source, remux, context, probed);
  const read = remux === null ? probed : await probeFile(readable.url, { signal: context.signal });
  const size = shownSize(film);
  const still = { interlaced: isInterlaced(film), transfer: transferOf(film) };
  const position = readable.stream(film.index);
  const [times, stills] = await Promise.all([
    readTimes(readable, read, position, sounds, context),
    makeStills(
      { url: readable.url, stream: position, ...size, duration: read.format.duration ?? 0, traits: still },
      context,
    ),
  ]);
  if (stills === null) throw new JobError("corrupt", "No frame of the film can be decoded.");
  await deliverIndex(times.index, context);
  const traits: SourceTraits = { remux, ...still, anamorphic: isAnamorphic(film), variable: times.variable };
  const seconds = (ticks: number) => ticks / times.index.timescale;
  return {
    duration: seconds(times.index.end - times.origin),
    video: {
      stream: film.index,
      codec: film.codec_name ?? "unknown",
      ...size,
      frames: times.frames,
      traits,
      origin: times.origin,
      index: INDEX_OBJECT,
    },
    audio: sounds.map((stream) => {
      const packets = times.sounds.get(stream.index);
      const whole = packets?.covers(seconds(times.origin), seconds(times.index.end)) ?? false;
      return describeSound(stream, isPlayableAac(stream) && whole);
    }),
    ...stills,
  };
}

/** One pass over all packets: the film's frame times, and whether each sound goes through without holes. */
async function readTimes(
  readable: Readable,
  read: Probed,
  position: number,
  sounds: ProbedStream[],
  context: JobContext,
) {
  const timescale = ticksPerSecond(read.streams.find(({ index }) => index === position)?.time_base);
  if (timescale === null) throw new JobError("unsupported", "The film's clock has no whole ticks.");
  const frames = collectFrameTimes();
  const followed = new Map<number, Continuity>();
  for (const { index } of sounds) {
    const stream = read.streams.find((candidate) => candidate.index === readable.stream(index));
    if (stream !== undefined) followed.set(index, followPackets(stream));
  }
  const byPosition = new Map([...followed].map(([index, packets]) => [readable.stream(index), packets]));
  const { brokenOff } = await readPackets(
    readable.url,
    null,
    (packet) => {
      if (packet.stream === position) frames.add(packet);
      else byPosition.get(packet.stream)?.add(packet);
    },
    { signal: context.signal },
  );
  if (brokenOff) frames.dropLast();
  const built = frames.build(timescale);
  if (built === null) throw new JobError("corrupt", "The film has no frame.");
  // The timeline starts with the earliest stream.
  const starts = [...followed.values()].flatMap((packets) => packets.start() ?? []);
  const origin = Math.min(built.index.start, ...starts.map((start) => Math.round(start * timescale)));
  return { ...built, origin, sounds: followed };
}

async function deliverIndex(index: object, context: JobContext): Promise<void> {
  const path = join(context.workspace, INDEX_OBJECT);
  await writeFile(path, JSON.stringify(index));
  context.deliver({ name: INDEX_OBJECT, type: "application/json", path });
}
