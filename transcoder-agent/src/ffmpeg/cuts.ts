/**
 * Which sample belongs to which segment, and with what times it is written: pure. Called by the fragment
 * pass with samples in decode order.
 *
 * Video: a sample's written duration is the time its picture stays on screen, so decode times and
 * presentation times both tile a segment from boundary to boundary, whatever delay the encoder had, for
 * even and uneven frame times alike. The difference between the two goes into a signed composition offset.
 */
import { JobError } from "../errors.ts";
import type { Sample } from "./samples.ts";

export interface CutSample {
  sample: Sample;
  /** Ticks. */
  duration: number;
  composition: number;
}

export interface Segment {
  /** Number in the plan. */
  segment: number;
  /** Decode time of the first sample: where the segment starts on the timeline, in ticks. */
  start: number;
  duration: number;
  samples: CutSample[];
}

/** The encoder gave something the grid cannot use; another encoder may do better. */
export class OffGrid extends Error {}

/** Boundaries in timeline ticks, one more than segments. */
export function cutVideo(samples: Sample[], boundaries: readonly number[], first: number): Segment[] {
  const starts = boundaries.slice(0, -1);
  const end = boundaries.at(-1) ?? 0;
  const groups = groupByStart(samples, starts, end);
  return groups.map((group, index) => {
    const start = starts[index] ?? 0;
    if (group.length === 0)
      throw new JobError("corrupt", `No frame could be decoded in segment ${first + index}.`);
    return { segment: first + index, ...layOut(group, start, starts[index + 1] ?? end) };
  });
}

/** Decode order is kept within a segment; a picture of one segment between those of another is refused. */
function groupByStart(samples: Sample[], starts: number[], end: number): Sample[][] {
  const groups: Sample[][] = starts.map(() => []);
  let current = 0;
  for (const sample of samples) {
    if (sample.pts < (starts[0] ?? 0) || sample.pts >= end)
      throw new OffGrid("a frame outside its rectangle");
    while (sample.sync && current + 1 < starts.length && sample.pts >= (starts[current + 1] ?? 0)) current++;
    const lower = starts[current] ?? 0;
    const upper = starts[current + 1] ?? end;
    if (sample.pts < lower || sample.pts >= upper) throw new OffGrid("no keyframe at a boundary");
    groups[current]?.push(sample);
  }
  return groups;
}

function layOut(group: Sample[], start: number, end: number): Omit<Segment, "segment"> {
  const shown = group.toSorted((a, b) => a.pts - b.pts);
  if (shown[0] !== group[0] || group[0]?.sync !== true)
    throw new OffGrid("a segment does not start with a keyframe");
  const times = new Map<Sample, { pts: number; duration: number }>();
  shown.forEach((sample, index) => {
    // Where the frame of the boundary was lost to damage, the next one stands in for it.
    const pts = index === 0 ? start : sample.pts;
    times.set(sample, { pts, duration: (shown[index + 1]?.pts ?? end) - pts });
  });
  let dts = start;
  const samples = group.map((sample) => {
    const { pts, duration } = times.get(sample) ?? { pts: start, duration: 0 };
    const cut = { sample, duration, composition: pts - dts };
    dts += duration;
    return cut;
  });
  return { start, duration: end - start, samples };
}

/**
 * Audio: packets belong to the segment in which they start; those outside [first, last boundary) are
 * dropped. A segment so short that no packet starts in it takes the one before, so none is ever empty.
 */
export function cutAudio(
  samples: Sample[],
  boundaries: readonly (number | null)[],
  first: number,
): Segment[] {
  const edges = boundaries.map((boundary) => (boundary === null ? Infinity : Math.ceil(boundary)));
  const ends = samples.map((sample, index) => samples[index + 1]?.pts ?? sample.pts + sample.duration);
  const indexes = edges.slice(0, -1).map((edge, number) => {
    const until = edges[number + 1] ?? Infinity;
    return samples.flatMap((sample, index) =>
      sample.pts >= Math.max(0, edge) && sample.pts < until ? [index] : [],
    );
  });
  indexes.forEach((inside, number) => {
    if (inside.length === 0)
      inside.push(borrow(samples, indexes[number - 1], edges[number] ?? 0, first + number));
  });
  return indexes.map((inside, number) => {
    const cuts = inside.flatMap((index) => {
      const sample = samples[index];
      return sample === undefined
        ? []
        : [{ sample, duration: (ends[index] ?? sample.pts) - sample.pts, composition: 0 }];
    });
    const start = cuts[0]?.sample.pts ?? 0;
    return {
      segment: first + number,
      start,
      duration: cuts.reduce((sum, cut) => sum + cut.duration, 0),
      samples: cuts,
    };
  });
}

/** Takes the last packet of the segment before, or, at the start of a stretch, the last one read ahead of it. */
function borrow(samples: Sample[], before: number[] | undefined, edge: number, segment: number): number {
  const index =
    before === undefined
      ? samples.findLastIndex((sample) => sample.pts >= 0 && sample.pts < edge)
      : before.length > 1
        ? before.pop()
        : undefined;
  if (index === undefined || index < 0)
    throw new JobError("incomplete", `The sound has nothing for segment ${segment}.`);
  return index;
}
