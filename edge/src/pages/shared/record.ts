/**
 * The file's record (`GET /api/files/{slug}`, and each `state` event) as pages and scripts read it. The answer
 * itself is made by `catalog/record.ts`; what pages do not show is not named here.
 */
import { flag, list, maybe, number, object, oneOf, pair, type Shaped, text } from "./shape.ts";

export const RenditionShape = object({
  kind: text,
  name: text,
  url: maybe(text),
  type: text,
  width: maybe(number),
  height: maybe(number),
  size: maybe(number),
  state: oneOf("waiting", "making", "ready", "failed"),
  reason: maybe(text),
  /** 0 … 1, while it is being made. */
  fraction: maybe(number),
  /** Of a rung: seconds of the timeline that are encoded, as [from, to]. */
  ranges: maybe(list(pair)),
});
export type RenditionView = Shaped<typeof RenditionShape>;

export const StreamShape = object({
  type: text,
  codec: text,
  /** Its place in the file; renditions of a text track are named after it. */
  index: maybe(number),
  language: maybe(text),
  pixelFormat: maybe(text),
  frameRate: maybe(number),
  /** A picture of what is heard, and no film. */
  cover: maybe(flag),
});
export type StreamView = Shaped<typeof StreamShape>;

export const ProgressShape = object({
  fraction: number,
  /** Seconds of the timeline that are encoded, as [from, to]. */
  ranges: list(pair),
  agents: number,
  eta_s: maybe(number),
  waiting: maybe(text),
});
export type ProgressView = Shaped<typeof ProgressShape>;

export const RecordShape = object({
  id: text,
  name: text,
  url: text,
  raw_url: text,
  thumbnail_url: maybe(text),
  size: number,
  type: text,
  hash: maybe(text),
  status: oneOf("processing", "ready", "partial", "failed"),
  reason: maybe(text),
  created_at: maybe(text),
  width: maybe(number),
  height: maybe(number),
  /** Seconds. */
  duration: maybe(number),
  thumbhash: maybe(text),
  streams: maybe(list(StreamShape)),
  renditions: list(RenditionShape),
  progress: maybe(ProgressShape),
});
export type RecordView = Shaped<typeof RecordShape>;

/** The rungs of the ladder, lowest first, whatever their state. */
export function rungsOf(record: RecordView): RenditionView[] {
  return record.renditions
    .filter((rendition) => rendition.kind === "rung")
    .toSorted((one, other) => Number(one.name) - Number(other.name));
}

/** What a file has one of is named like its kind; of an mp4 there may be several. */
export function renditionOf(record: RecordView, kind: string, name = kind): RenditionView | undefined {
  return record.renditions.find((rendition) => rendition.kind === kind && rendition.name === name);
}

/** All of a kind that are ready and have an address. */
export function madeOf(record: RecordView, kind: string): (RenditionView & { url: string })[] {
  return record.renditions.flatMap((rendition) =>
    rendition.kind === kind && rendition.state === "ready" && rendition.url !== null
      ? [{ ...rendition, url: rendition.url }]
      : [],
  );
}

/** All sheets of pictures for the timeline are there. */
export function hasStoryboard(record: RecordView): boolean {
  const sheets = record.renditions.filter(({ kind }) => kind === "storyboard");
  return sheets.length > 0 && sheets.every(({ state }) => state === "ready");
}

/** Nothing more will come: extras such as a storyboard are made after the file is called ready. */
export function isSettled(record: RecordView): boolean {
  const isOpen = ({ state }: RenditionView) => state === "waiting" || state === "making";
  return record.status !== "processing" && !record.renditions.some(isOpen);
}

/** Reads an answer; throws ShapeError where it is not a record. */
export function readRecord(value: unknown): RecordView {
  return RecordShape(value, "record");
}
