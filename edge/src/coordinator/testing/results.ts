/** What an agent would report for each kind of job, made up from its recipe, and objects to go with it. */
import type { FrameIndex, Grant, Result, TrackReport } from "#protocol";
import type { Upload } from "./test-agent.ts";

export const FRAME_RATE = 25;
const TIMESCALE = 1_000;
/** Bytes of an init, and of each segment. */
export const INIT_BYTES = 32;
export const SEGMENT_BYTES = 64;

interface Made {
  uploads: Upload[];
  result: Result;
}

/** `seconds` of film for an inspection; frames 40 ms apart. */
export function makeResult({ recipe }: Pick<Grant, "recipe">, seconds = 12): Made {
  switch (recipe.kind) {
    case "inspect":
      return recipe.media === "video" ? inspection(seconds) : soundInspection("alac");
    case "stills":
      return stills();
    case "image":
      return pictures();
    case "video": {
      const tracks = recipe.rungs.map(({ name }) => track(name, recipe, "video/mp4"));
      return {
        uploads: tracks.map(({ upload }) => upload),
        result: { kind: "video", rungs: tracks.map(({ report }) => report), encoder: "libx264" },
      };
    }
    case "audio": {
      if (recipe.purpose === "download") {
        const upload = object("audio.m4a", "audio/mp4", 100);
        const download = { object: upload.name, duration: seconds };
        return { uploads: [upload], result: { kind: "audio", track: null, download } };
      }
      const made = track(recipe.name, recipe, "audio/mp4");
      return { uploads: [made.upload], result: { kind: "audio", track: made.report, download: null } };
    }
    case "mp4": {
      const { frames, duration } = recipe;
      const upload = object("video.mp4", "video/mp4", 500);
      const result = { kind: "mp4", object: upload.name, width: 640, height: 360, frames, duration } as const;
      return { uploads: [upload], result };
    }
    case "index": {
      const upload = indexObject(seconds);
      return { uploads: [upload], result: { kind: "index", index: upload.name } };
    }
    case "subtitle": {
      const upload = object("text.vtt", "text/vtt", 40);
      return { uploads: [upload], result: { kind: "subtitle", object: upload.name, cues: 3 } };
    }
    case "waveform": {
      const upload = object("waveform.json", "application/json", 60);
      return { uploads: [upload], result: { kind: "waveform", object: upload.name, duration: seconds } };
    }
    case "storyboard": {
      const count = Math.ceil(recipe.tiles / (recipe.columns * recipe.rows));
      const uploads = Array.from({ length: count }, (_, at) => object(`sheet-${at}.jpg`, "image/jpeg", 50));
      const sheets = uploads.map(({ name }) => ({ object: name, width: 1_600, height: 900 }));
      return { uploads, result: { kind: "storyboard", sheets } };
    }
  }
}

export function object(name: string, type: string, size: number): Upload {
  return { name, type, bytes: new Uint8Array(size).fill(name.length) };
}

function indexObject(seconds: number): Upload {
  const step = TIMESCALE / FRAME_RATE;
  const index: FrameIndex = {
    ...{ timescale: TIMESCALE, start: 0, end: seconds * TIMESCALE },
    ...{ runs: [[step, seconds * FRAME_RATE - 1]], keyframes: [0] },
  };
  return {
    name: "index.json",
    type: "application/json",
    bytes: new TextEncoder().encode(JSON.stringify(index)),
  };
}

/** What is told of a film whose container has no index: the first segment, and the rest later. */
export function headInspection(seconds = 12, boundary = 4 * TIMESCALE): Made {
  const { uploads, result } = inspection(seconds);
  if (result.kind !== "inspect" || result.video === null) throw new Error("no inspection");
  const head = { timescale: TIMESCALE, start: 0, boundary };
  return {
    uploads: uploads.filter(({ name }) => name !== "index.json"),
    result: { ...result, container: "mpegts", video: { ...result.video, index: null, head } },
  };
}

function inspection(seconds: number): Made {
  const frames = seconds * FRAME_RATE;
  const traits = {
    remux: null,
    interlaced: false,
    anamorphic: false,
    transfer: "sdr",
    variable: false,
  } as const;
  const video = { stream: 0, codec: "h264", width: 1280, height: 720, frames, traits, origin: 0 };
  const audio = { stream: 1, codec: "aac", copyable: true, sampleRate: 48_000, channels: 2, language: null };
  return {
    uploads: [indexObject(seconds)],
    result: {
      ...{ kind: "inspect", container: "mov,mp4", duration: seconds, bitRate: 8_000_000, streams: [] },
      video: { ...video, index: "index.json" },
      audio: [audio],
      thumbnail: null,
      hashes: null,
    },
  };
}

function stills(): Made {
  return {
    uploads: [object("poster.jpg", "image/jpeg", 90), object("thumbnail.webp", "image/webp", 80)],
    result: {
      kind: "stills",
      pictures: {
        poster: { object: "poster.jpg", width: 1280, height: 720 },
        thumbnail: { object: "thumbnail.webp", width: 320, height: 180 },
        hashes: { blurhash: "L00000", thumbhash: "AAAA" },
      },
    },
  };
}

export function soundInspection(codec: string): Made {
  const audio = { stream: 0, codec, copyable: false, sampleRate: 44_100, channels: 2, language: null };
  return {
    uploads: [],
    result: {
      ...{ kind: "inspect", container: "mov,mp4,m4a", duration: 60, bitRate: 900_000, streams: [] },
      ...{ video: null, audio: [audio], thumbnail: null, hashes: null },
    },
  };
}

function pictures(): Made {
  const thumbnail = object("thumbnail.webp", "image/webp", 70);
  const preview = object("preview.webp", "image/webp", 150);
  return {
    uploads: [thumbnail, preview],
    result: {
      ...{ kind: "image", width: 4_000, height: 3_000, mp4: null },
      thumbnail: { object: thumbnail.name, width: 320, height: 240 },
      preview: { object: preview.name, width: 1_600, height: 1_200 },
      hashes: { blurhash: "L00000", thumbhash: "AAAA" },
    },
  };
}

function track(
  name: string,
  {
    segments: [from, until],
    boundaries,
    timescale,
  }: {
    segments: [number, number];
    boundaries: (number | null)[];
    timescale: number;
  },
  type: string,
): { upload: Upload; report: TrackReport } {
  const count = until - from;
  const upload = object(`${name}.mp4`, type, INIT_BYTES + count * SEGMENT_BYTES);
  const times = boundaries.map((time, at) => time ?? (boundaries[at - 1] ?? 0) + 4 * timescale);
  const segments = Array.from({ length: count }, (_, at) => ({
    ...{ segment: from + at, offset: INIT_BYTES + at * SEGMENT_BYTES, length: SEGMENT_BYTES },
    ...{ start: times[at] ?? 0, duration: (times[at + 1] ?? 0) - (times[at] ?? 0) },
  }));
  const ticks = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const frames = Math.round((ticks * FRAME_RATE) / timescale);
  const codecs = type === "video/mp4" ? "avc1.640028" : "mp4a.40.2";
  const init: [number, number] = [0, INIT_BYTES];
  return { upload, report: { name, object: upload.name, init, codecs, timescale, frames, segments } };
}
