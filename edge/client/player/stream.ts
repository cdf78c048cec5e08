/**
 * One HLS stream on a video element. hls.js is loaded when the first stream is wanted. What is buffered plays
 * on while it recovers: after a broken connection it loads on at the same place, and only what cannot be mended
 * so is started again. Waiting ends when the stream is closed.
 */
import type Hls from "hls.js";
import type { ErrorData, Level } from "hls.js";
import { levelWindow } from "../../src/pages/shared/levels.ts";
import type { RenditionView } from "../../src/pages/shared/record.ts";
import { Damage } from "./damage.ts";
import {
  GROWING_BUFFER_S,
  IDLE_BUFFER_S,
  newSession,
  PLAYING_BUFFER_S,
  streamConfig,
} from "./stream-config.ts";

const FIRST_RESTART_MS = 1_000;
const SLOWEST_RESTART_MS = 15_000;

export interface StreamEvents {
  /** The levels, sounds, or the ones that play have changed. */
  changed: () => void;
  /** It broke and is being mended for the `tries`-th time; 0: it plays again. */
  restarting: (tries: number) => void;
}

/** One of several tracks of sound. */
export interface SoundTrack {
  name: string;
  language: string | null;
}

export class Stream {
  readonly #video: HTMLVideoElement;
  readonly #address: string;
  readonly #events: StreamEvents;
  readonly #session = newSession();
  #hls: Hls | null = null;
  #rungs: RenditionView[] = [];
  #wanted: string | null = null;
  #sound: string | null = null;
  #from = 0;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  /** What somebody wants, whatever a failure does to the element. */
  #plays = false;
  readonly #damage = new Damage();
  /** Rungs for which the list was read anew already. */
  readonly #sought = new Set<string>();

  constructor(video: HTMLVideoElement, address: string, events: StreamEvents) {
    this.#video = video;
    this.#address = address;
    this.#events = events;
    this.#plays = !video.paused;
    video.addEventListener("play", this.#steer);
    // Before hls.js hears of it: the level for the new place is chosen at once.
    video.addEventListener("seeking", this.#steer);
    for (const type of ["play", "pause"]) video.addEventListener(type, this.#noteWish);
    video.addEventListener("error", this.#passDamage);
  }

  /** From `at` seconds on, playing if `plays`: a new source stops the element. */
  async open(at: number, plays: boolean): Promise<void> {
    const { default: Player } = await import("hls.js");
    if (this.#closed) return;
    // Somebody may have begun while hls.js was loading.
    const goesOn = plays || !this.#video.paused;
    this.#plays = goesOn;
    const hls = this.#make(Player, at);
    const { Events } = Player;
    hls.on(Events.MANIFEST_PARSED, () => this.#begin(hls));
    if (goesOn) hls.once(Events.MEDIA_ATTACHED, () => void this.#video.play().catch(() => {}));
    hls.loadSource(this.#address);
    hls.attachMedia(this.#video);
  }

  /** A rung was added: the list is read anew, and what is buffered plays on meanwhile. */
  async #readAnew(): Promise<void> {
    const { default: Player } = await import("hls.js");
    const old = this.#hls;
    if (this.#closed || old === null) return;
    const { playing } = this;
    const { bandwidthEstimate } = old;
    const media = old.transferMedia();
    old.destroy();
    const hls = this.#make(Player, this.#video.currentTime);
    hls.bandwidthEstimate = bandwidthEstimate;
    hls.on(Player.Events.MANIFEST_PARSED, () => {
      this.#steer();
      hls.startLevel = hls.levels.findIndex((level) => nameOf(level) === playing);
    });
    hls.attachMedia(media ?? this.#video);
    hls.loadSource(this.#address);
  }

  #make(Player: typeof Hls, at: number): Hls {
    this.#from = at;
    const hls = new Player(streamConfig(Player, at, this.#session));
    this.#hls = hls;
    const { Events, ErrorTypes } = Player;
    hls.on(Events.AUDIO_TRACKS_UPDATED, () => this.#pickSound());
    hls.on(Events.AUDIO_TRACK_SWITCHED, () => this.#events.changed());
    hls.on(Events.LEVEL_SWITCHED, () => this.#events.changed());
    hls.on(Events.FRAG_BUFFERED, () => this.#recovered());
    hls.on(Events.ERROR, (_event, error) => {
      if (!error.fatal || this.#closed || hls !== this.#hls) return;
      this.#mend(hls, error, {
        isNetwork: error.type === ErrorTypes.NETWORK_ERROR,
        isMedia: error.type === ErrorTypes.MEDIA_ERROR,
      });
    });
    return hls;
  }

  close(): void {
    this.#closed = true;
    this.#video.removeEventListener("play", this.#steer);
    this.#video.removeEventListener("seeking", this.#steer);
    for (const type of ["play", "pause"]) this.#video.removeEventListener(type, this.#noteWish);
    this.#video.removeEventListener("error", this.#passDamage);
    clearTimeout(this.#timer);
    this.#hls?.destroy();
    this.#hls = null;
  }

  /** What is there now; levels outside it are left to those who ask for them. */
  setRungs(rungs: RenditionView[]): void {
    this.#rungs = rungs;
    this.#steer();
    this.#seekAdded();
  }

  /** While it is being mended nothing is changed: the next record will do. */
  #seekAdded(): void {
    const known = (this.#hls?.levels ?? []).map(nameOf);
    if (known.length === 0 || this.#tries > 0) return;
    const isNew = ({ name, state }: RenditionView) =>
      state === "ready" && !known.includes(name) && !this.#sought.has(name);
    const added = this.#rungs.filter(isNew);
    for (const { name } of added) this.#sought.add(name);
    if (added.length > 0) void this.#readAnew();
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

  get sounds(): SoundTrack[] {
    return (this.#hls?.audioTracks ?? []).map(({ name, lang }) => ({ name, language: lang ?? null }));
  }

  get sound(): string | null {
    return this.#hls?.audioTracks[this.#hls.audioTrack]?.name ?? null;
  }

  /** By its name, which is its own among the tracks. */
  wantSound(name: string): void {
    this.#sound = name;
    this.#pickSound();
  }

  #pickSound(): void {
    const at = (this.#hls?.audioTracks ?? []).findIndex(({ name }) => name === this.#sound);
    if (this.#hls && at !== -1 && this.#hls.audioTrack !== at) this.#hls.audioTrack = at;
    this.#events.changed();
  }

  #begin(hls: Hls): void {
    this.#steer();
    if (hls.autoLevelEnabled) hls.startLevel = hls.minAutoLevel;
  }

  readonly #steer = (): void => {
    const hls = this.#hls;
    if (!hls || hls.levels.length === 0) return;
    const names = hls.levels.map(nameOf);
    const failed = this.#rungs.filter((rung) => rung.state === "failed").map((rung) => rung.name);
    const dead = names.findIndex((name) => failed.includes(name));
    if (dead !== -1 && names.length > 1) {
      hls.removeLevel(dead);
      return this.#steer();
    }
    this.#fit(hls);
    const wanted = this.#wanted === null ? -1 : names.indexOf(this.#wanted);
    // nextLevel lets what is buffered play on, so a change of mind does not stop the film.
    if (hls.autoLevelEnabled ? wanted !== -1 : wanted !== hls.loadLevel) hls.nextLevel = wanted;
    this.#events.changed();
  };

  /** Keeps the automatic choice among the rungs that are there, and the buffer as long as they deserve. */
  #fit(hls: Hls): void {
    const levels = hls.levels.map((level) => ({ name: nameOf(level), bitrate: level.bitrate }));
    const { floor, cap } = levelWindow(levels, this.#rungs, this.#loadsAt(hls), hls.bandwidthEstimate);
    hls.config.minAutoBitrate = hls.levels[floor]?.maxBitrate ?? 0;
    hls.autoLevelCapping = cap;
    const untouched = this.#video.paused && this.#video.played.length === 0;
    const growing = this.#rungs.some(({ state }) => state === "waiting" || state === "making");
    hls.config.maxBufferLength = untouched ? IDLE_BUFFER_S : growing ? GROWING_BUFFER_S : PLAYING_BUFFER_S;
  }

  #loadsAt(hls: Hls): number {
    if (this.#video.readyState === HTMLMediaElement.HAVE_NOTHING) return this.#from;
    return hls.mainForwardBufferInfo?.end ?? this.#video.currentTime;
  }

  #recovered(): void {
    this.#steer();
    if (this.#tries === 0) return;
    this.#tries = 0;
    this.#events.restarting(0);
  }

  readonly #noteWish = ({ type }: Event): void => {
    if (this.#video.error === null) this.#plays = type === "play";
  };

  /** The browser decodes no further: the stream is opened again behind that place. */
  readonly #passDamage = (): void => {
    const { error, currentTime, duration } = this.#video;
    if (error?.code !== MediaError.MEDIA_ERR_DECODE || this.#hls === null) return;
    const behind = this.#damage.behind(currentTime);
    if (behind >= duration) return;
    clearTimeout(this.#timer);
    this.#hls.destroy();
    this.#hls = null;
    void this.open(behind, this.#plays);
  };

  #mend(hls: Hls, { details }: ErrorData, kind: { isNetwork: boolean; isMedia: boolean }): void {
    this.#tries += 1;
    this.#events.restarting(this.#tries);
    // The film may have been given up for the original just now.
    if (this.#closed) return;
    if (kind.isMedia && this.#tries === 1) return hls.recoverMediaError();
    const wait = Math.min(FIRST_RESTART_MS * 2 ** (this.#tries - 1), SLOWEST_RESTART_MS);
    clearTimeout(this.#timer);
    if (kind.isNetwork && hls.levels.length > 0 && !details.startsWith("manifest")) {
      this.#timer = setTimeout(() => hls.startLoad(-1), wait);
      return;
    }
    const { currentTime: at, paused } = this.#video;
    hls.destroy();
    this.#hls = null;
    this.#timer = setTimeout(() => void this.open(at, !paused), wait);
  }
}

/** Rungs are known by the step of their address: `/hls/<plan>/<rung>/index.m3u8`. */
function nameOf(level: Level): string {
  return level.uri.split("/").at(-2) ?? "";
}
