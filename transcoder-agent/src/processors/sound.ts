/**
 * What can be done with an audio stream: whether its AAC packets may be copied as they are. Pure but for
 * what it has gathered. Used by the inspection.
 */
import { ticksPerSecond, type Packet, type ProbedStream } from "../ffmpeg/probe.ts";
import type { InspectResult } from "../protocol.ts";
import type { Readable } from "./readable.ts";
import { languageOf } from "./shape.ts";

const AAC_PACKET_SAMPLES = 1_024;
/** Timestamps of millisecond containers are off by this much, in seconds. */
const JITTER_SECONDS = 0.002;
/** A hole of this length at either end is not heard and stops no player. */
const EDGE_SECONDS = 0.1;
/** Rates that every player takes. */
const COPIED_RATES = new Set([44_100, 48_000]);

type AudioReport = InspectResult["audio"][number];

export function isPlayableAac(stream: ProbedStream): boolean {
  return (
    stream.codec_name === "aac" &&
    stream.profile === "LC" &&
    (stream.channels ?? 0) >= 1 &&
    (stream.channels ?? 0) <= 2 &&
    COPIED_RATES.has(stream.sample_rate ?? 0)
  );
}

export function describeSound(stream: ProbedStream, copyable: boolean): AudioReport {
  return {
    stream: stream.index,
    codec: stream.codec_name ?? "unknown",
    copyable,
    sampleRate: stream.sample_rate ?? 0,
    channels: stream.channels ?? 0,
    language: languageOf(stream),
  };
}

/** Follows the packets of one stream. */
export interface Continuity {
  add(packet: Packet): void;
  /** Without holes, and there from `start` to `end` (seconds of the source). */
  covers(start: number, end: number): boolean;
  /** Seconds of the source at which it starts; null where it has no packet. */
  start(): number | null;
}

export function followPackets(stream: ProbedStream): Continuity {
  const ticks = ticksPerSecond(stream.time_base) ?? 1;
  const rate = stream.sample_rate ?? 48_000;
  const length = (AAC_PACKET_SAMPLES * ticks) / rate;
  const jitter = JITTER_SECONDS * ticks;
  let first: number | null = null;
  let expected = 0;
  let count = 0;
  let holes = false;
  return {
    add({ pts, dts, discard }) {
      const time = pts ?? dts;
      if (time === null || (first === null && discard)) return;
      if (first === null) first = time;
      else if (Math.abs(time - expected) > jitter) holes = true;
      count++;
      // A coarse clock is held against the count of packets: its rounding must not hide a drift.
      expected = ticks < rate ? first + count * length : time + length;
    },
    covers(start, end) {
      if (first === null || holes) return false;
      return first / ticks <= start + EDGE_SECONDS && expected / ticks >= end - EDGE_SECONDS;
    },
    start: () => (first === null ? null : first / ticks),
  };
}

/**
 * Source seconds of the first packet, where the container's clock is coarser than the sound's samples (ticks
 * of a millisecond, say): then every time between is rounded, and only counting from there is exact. Null
 * where each packet tells its exact time.
 */
export async function readAnchor(readable: Readable, index: number): Promise<number | null> {
  const { streams } = await readable.probe();
  const stream = streams.find((candidate) => candidate.index === index);
  const ticks = ticksPerSecond(stream?.time_base) ?? 0;
  return ticks >= (stream?.sample_rate ?? Infinity) ? null : (stream?.start_time ?? 0);
}

/** Puts copied packets back on the grid that a millisecond clock blurred. Samples of the source. */
export function toAnchor(time: number, anchor: number, rate: number): number {
  const start = Math.round(anchor * rate);
  return start + AAC_PACKET_SAMPLES * Math.round((time - start) / AAC_PACKET_SAMPLES);
}
