/**
 * What the video element plays: the original or the stream, chosen by what is ready and by the visitor, and
 * changed without losing the place.
 */
import { chooseSource, hasPicture, playableType } from "../../src/pages/shared/playback.ts";
import { type RecordView, renditionOf, type RenditionView, rungsOf } from "../../src/pages/shared/record.ts";
import { showNote } from "./note.ts";
import { type SoundTrack, Stream } from "./stream.ts";

/** After so many broken starts the original is the better film. */
const PATIENCE = 3;

const HLS_TYPE = "application/vnd.apple.mpegurl";
const HAS_MEDIA_SOURCE = "MediaSource" in globalThis || "ManagedMediaSource" in globalThis;

/** `auto`, `original`, or a rung's name. */
export type Quality = string;

export class Film {
  readonly #video: HTMLVideoElement;
  readonly #changed: () => void;
  #record: RecordView;
  #stream: Stream | null = null;
  #quality: Quality | null = null;
  /** The browser refused the original: do not offer it again. */
  #originalFails = false;
  /** Somebody's choice among the sounds, whatever plays meanwhile. */
  #sound: string | null = null;
  /** What plays is what somebody asked for: it stays. */
  #chosen = false;
  /** Where it is to begin, until it has begun. Seconds. */
  #from = 0;
  /** It was playing when its source was given up, and nothing else was there yet. */
  #playing = false;
  /** Ends the wait for metadata of a source that is given up. */
  #pending = new AbortController();

  constructor(video: HTMLVideoElement, record: RecordView, changed: () => void) {
    this.#video = video;
    this.#record = record;
    this.#changed = changed;
    video.addEventListener("error", () => this.#refused());
    video.addEventListener("loadedmetadata", () => this.#demandPicture(this.#from));
  }

  get quality(): Quality | null {
    return this.#quality;
  }

  get playing(): string | null {
    return this.#stream?.playing ?? null;
  }

  get rungs(): RenditionView[] {
    return rungsOf(this.#record).filter((rung) => rung.state !== "failed");
  }

  get canOriginal(): boolean {
    if (this.#originalFails) return false;
    const type = playableType(this.#record.type, this.#record.streams);
    return type !== null && this.#video.canPlayType(type) !== "";
  }

  get canStream(): boolean {
    return HAS_MEDIA_SOURCE || this.#video.canPlayType(HLS_TYPE) !== "";
  }

  /** Tracks of sound to choose from; the original plays its first. */
  get sounds(): SoundTrack[] {
    return this.#stream?.sounds ?? [];
  }

  get sound(): string | null {
    return this.#stream?.sound ?? null;
  }

  chooseSound(name: string): void {
    this.#sound = name;
    this.#stream?.wantSound(name);
  }

  /** Rungs can be chosen only where hls.js plays; older iPhones choose for themselves. */
  get canChoose(): boolean {
    return HAS_MEDIA_SOURCE;
  }

  start(at: number): void {
    this.#begin(this.#decide(at), at);
  }

  update(record: RecordView): void {
    this.#record = record;
    this.#stream?.setRungs(rungsOf(record));
    this.#demandPicture(this.#place);
    const poster = renditionOf(record, "poster");
    if (poster?.state === "ready" && poster.url && !this.#video.poster) this.#video.poster = poster.url;
    // Until somebody has begun to watch, the better source may still take over unseen.
    const untouched = !this.#chosen && this.#video.paused && this.#video.played.length === 0;
    const better = this.#decide();
    if (this.#quality === null || (untouched && better === "auto" && this.#quality === "original")) {
      this.#begin(better, this.#place);
    }
    this.#changed();
  }

  choose(quality: Quality): void {
    if (quality === this.#quality) return;
    this.#chosen = true;
    if (quality !== "original" && this.#stream) {
      this.#quality = quality;
      this.#stream.want(quality === "auto" ? null : quality);
    } else {
      this.#begin(quality, this.#place);
    }
    this.#changed();
  }

  /** Where it stands, or is to begin. */
  get #place(): number {
    return this.#video.readyState === HTMLMediaElement.HAVE_NOTHING ? this.#from : this.#video.currentTime;
  }

  /** What plays best from there. */
  #decide(at = this.#place): Quality | null {
    const can = { original: this.canOriginal, hls: this.canStream };
    const choice = chooseSource(this.#record, can, at);
    return choice === "wait" ? null : choice === "hls" ? "auto" : "original";
  }

  /** Changes what plays, and goes on where it was, playing if it was playing. */
  #begin(quality: Quality | null, at: number): void {
    const video = this.#video;
    this.#stream?.close();
    this.#stream = null;
    this.#quality = quality;
    this.#from = at;
    showNote(quality === null ? waitingWords(this.#record) : null);
    const plays = this.#playing || !video.paused;
    this.#playing = quality === null && plays;
    if (quality === null) {
      // Its sound alone would play on, and nothing could be begun meanwhile.
      if (video.hasAttribute("src")) {
        video.removeAttribute("src");
        video.load();
      }
      // What somebody is making will be a stream: hls.js is here by then.
      if (HAS_MEDIA_SOURCE && (this.#record.progress?.agents ?? 0) > 0) void import("hls.js");
      return;
    }
    video.defaultPlaybackRate = video.playbackRate;
    this.#pending.abort();
    const master = `${this.#record.url}/hls/master.m3u8`;
    if (quality === "original" || !HAS_MEDIA_SOURCE) {
      this.#resume(at, plays);
      video.src = quality === "original" ? this.#record.raw_url : master;
      return;
    }
    video.removeAttribute("src");
    const stream = new Stream(video, master, {
      changed: this.#changed,
      restarting: (tries) => this.#restarting(tries),
    });
    this.#stream = stream;
    stream.setRungs(rungsOf(this.#record));
    stream.want(quality === "auto" ? null : quality);
    if (this.#sound !== null) stream.wantSound(this.#sound);
    void stream.open(at, plays);
  }

  #resume(at: number, plays: boolean): void {
    const video = this.#video;
    this.#pending = new AbortController();
    const { signal } = this.#pending;
    const go = () => {
      if (at > 0) video.currentTime = at;
      if (plays) void video.play().catch(() => {});
    };
    video.addEventListener("loadedmetadata", go, { once: true, signal });
  }

  #restarting(tries: number): void {
    if (tries >= PATIENCE && this.canOriginal) {
      this.#begin("original", this.#place);
      return this.#changed();
    }
    showNote(
      tries > 0 && this.#video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA ? "Reconnecting…" : null,
    );
  }

  /**
   * Of a codec that it does not know a browser may play the sound alone, and call that playing (Chromium: MPEG-4 part 2).
   * Until the file has been looked into, and for ever where nobody does, it may well be a film without a picture.
   */
  #demandPicture(at: number): void {
    const { readyState, videoWidth } = this.#video;
    if (readyState < HTMLMediaElement.HAVE_METADATA || videoWidth > 0) return;
    if (hasPicture(this.#record.streams)) this.#refused(at);
  }

  /** The type said yes and the bytes said no. */
  #refused(at = this.#place): void {
    if (this.#quality !== "original") return;
    this.#originalFails = true;
    this.#begin(this.#decide(at), at);
    this.#changed();
  }
}

function waitingWords(record: RecordView): string {
  if (record.status === "failed") return "This video cannot be played. Its original can be downloaded.";
  if (record.status !== "processing") return "This browser does not play this video. Download it to watch.";
  if (record.progress?.waiting) {
    return "This browser does not play the original. It will play here once a transcoder has made a copy; download it meanwhile.";
  }
  return "This browser does not play the original. A copy that plays is being made.";
}
