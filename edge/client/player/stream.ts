/**
 * One HLS stream on a video element. hls.js is loaded when the first stream is wanted. Segments may have to be
 * made first: the edge answers 200 or, after 8 s, 503, so waiting is normal here and only ends when the stream is
 * closed. After a fatal error it starts again at the same place.
 */
import type Hls from "hls.js";
import type { ErrorData, HlsConfig, Level, LoadPolicy } from "hls.js";
import { levelCap } from "../../src/pages/shared/playback.ts";
import type { RenditionView } from "../../src/pages/shared/record.ts";

/** Longer than the edge waits for a segment. */
const FIRST_BYTE_MS = 12_000;
const WHOLE_MS = 60_000;
/** Before anybody presses play only the beginning is fetched; then as much as fits a slow stretch. Seconds. */
const IDLE_BUFFER_S = 5;
const PLAYING_BUFFER_S = 45;
const FIRST_RESTART_MS = 1_000;
const SLOWEST_RESTART_MS = 15_000;

const waitingPolicy: LoadPolicy = {
  default: {
    maxTimeToFirstByteMs: FIRST_BYTE_MS,
    maxLoadTimeMs: WHOLE_MS,
    timeoutRetry: { maxNumRetry: 8, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: {
      maxNumRetry: 6,
      retryDelayMs: 400,
      maxRetryDelayMs: 2_000,
      backoff: "linear",
      shouldRetry: (_config, _count, _isTimeout, response, retry) => retry || response?.code === 503,
    },
  },
};

const config: Partial<HlsConfig> = {
  // The segments are fMP4 already: there is nothing for a worker to remux.
  enableWorker: false,
  backBufferLength: 60,
  // By time alone: the usual 60 MB would be minutes of a small rung.
  maxBufferSize: 0,
  fragLoadPolicy: waitingPolicy,
  playlistLoadPolicy: waitingPolicy,
  manifestLoadPolicy: waitingPolicy,
};

export interface StreamEvents {
  /** The levels or the one that plays have changed. */
  changed: () => void;
  /** It broke and is being started again for the `tries`-th time; 0: it plays again. */
  restarting: (tries: number) => void;
}

export class Stream {
  readonly #video: HTMLVideoElement;
  readonly #address: string;
  readonly #events: StreamEvents;
  #hls: Hls | null = null;
  #rungs: RenditionView[] = [];
  #wanted: string | null = null;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(video: HTMLVideoElement, address: string, events: StreamEvents) {
    this.#video = video;
    this.#address = address;
    this.#events = events;
    video.addEventListener("play", this.#eat);
  }

  /** From `at` seconds on, playing if `plays`: a new source stops the element. */
  async open(at: number, plays: boolean): Promise<void> {
    const { default: Hls } = await import("hls.js");
    if (this.#closed) return;
    const hls = new Hls({
      ...config,
      maxBufferLength: plays ? PLAYING_BUFFER_S : IDLE_BUFFER_S,
      startPosition: at > 0 ? at : -1,
    });
    this.#hls = hls;
    if (plays) hls.once(Hls.Events.MEDIA_ATTACHED, () => void this.#video.play().catch(() => {}));
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.#steer());
    hls.on(Hls.Events.LEVEL_SWITCHED, () => this.#events.changed());
    hls.on(Hls.Events.FRAG_BUFFERED, () => this.#recovered());
    hls.on(Hls.Events.ERROR, (_event, error) =>
      this.#failed(hls, error, error.type === Hls.ErrorTypes.MEDIA_ERROR),
    );
    hls.loadSource(this.#address);
    hls.attachMedia(this.#video);
  }

  close(): void {
    this.#closed = true;
    this.#video.removeEventListener("play", this.#eat);
    clearTimeout(this.#timer);
    this.#hls?.destroy();
    this.#hls = null;
  }

  /** What is ready now; levels above it are left to those who ask for them. */
  setRungs(rungs: RenditionView[]): void {
    this.#rungs = rungs;
    this.#steer();
  }

  /** A rung by name, or null for automatic. */
  want(rung: string | null): void {
    this.#wanted = rung;
    this.#steer();
  }

  /** The rung that plays, as far as it is known. */
  get playing(): string | null {
    const level = this.#hls?.levels[this.#hls.currentLevel];
    return level ? nameOf(level) : null;
  }

  readonly #eat = (): void => {
    if (this.#hls) this.#hls.config.maxBufferLength = PLAYING_BUFFER_S;
  };

  #steer(): void {
    const hls = this.#hls;
    if (!hls || hls.levels.length === 0) return;
    const names = hls.levels.map(nameOf);
    const failed = this.#rungs.filter((rung) => rung.state === "failed").map((rung) => rung.name);
    const dead = names.findIndex((name) => failed.includes(name));
    if (dead !== -1 && names.length > 1) {
      hls.removeLevel(dead);
      return this.#steer();
    }
    hls.autoLevelCapping = levelCap(names, this.#rungs);
    const wanted = this.#wanted === null ? -1 : names.indexOf(this.#wanted);
    // nextLevel lets what is buffered play on, so a change of mind does not stop the film.
    if (hls.autoLevelEnabled ? wanted !== -1 : wanted !== hls.loadLevel) hls.nextLevel = wanted;
    this.#events.changed();
  }

  #recovered(): void {
    if (this.#tries === 0) return;
    this.#tries = 0;
    this.#events.restarting(0);
  }

  #failed(hls: Hls, error: ErrorData, isMedia: boolean): void {
    if (!error.fatal || this.#closed || hls !== this.#hls) return;
    this.#tries += 1;
    this.#events.restarting(this.#tries);
    if (isMedia && this.#tries === 1) return hls.recoverMediaError();
    const { currentTime: at, paused } = this.#video;
    hls.destroy();
    this.#hls = null;
    const wait = Math.min(FIRST_RESTART_MS * 2 ** (this.#tries - 1), SLOWEST_RESTART_MS);
    this.#timer = setTimeout(() => void this.open(at, !paused), wait);
  }
}

/** Rungs are known by the step of their address: `/hls/<plan>/<rung>/index.m3u8`. */
function nameOf(level: Level): string {
  return level.uri.split("/").at(-2) ?? "";
}
