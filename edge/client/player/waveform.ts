/**
 * The waveform of a sound as its scrubber: a slider of the browser's own, so keys, touch and screen readers work,
 * over a canvas that shows what has been played in the accent colour. Takes the plain range's place once the
 * peaks are there; without them that stays.
 */
import { formatLength } from "../../src/pages/shared/format.ts";
import { madeOf, type RecordView } from "../../src/pages/shared/record.ts";
import { tryShape } from "../../src/pages/shared/shape.ts";
import { barHeights, type Waveform, WaveformShape } from "../../src/pages/shared/waveform.ts";
import { find } from "../lib/dom.ts";

/** A bar and the gap after it. CSS pixels. */
const BAR_PX = 2;
const STEP_PX = 3;
/** What the arrow keys move. Seconds. */
const KEY_STEP_S = 5;
const OPEN_COLOUR = "rgb(255 255 255 / 0.36)";

export class WaveScrubber {
  readonly #audio: HTMLAudioElement;
  readonly #plain: HTMLElement;
  readonly #wave = find("#wave", HTMLElement);
  readonly #canvas = find("#wave canvas", HTMLCanvasElement);
  readonly #slider = find("#wave input", HTMLInputElement);
  #waveform: Waveform | null = null;
  #asked = false;
  #heights: number[] = [];
  #frame = 0;

  constructor(audio: HTMLAudioElement, plain: HTMLElement) {
    this.#audio = audio;
    this.#plain = plain;
  }

  update(record: RecordView): void {
    if (this.#asked || madeOf(record, "waveform").length === 0) return;
    this.#asked = true;
    void this.#load(`${record.url}/waveform.json`);
  }

  async #load(url: string): Promise<void> {
    const answer = await fetch(url).catch(() => null);
    const body: unknown = answer?.ok ? await answer.json().catch(() => null) : null;
    this.#waveform = tryShape(WaveformShape, body);
    if (this.#waveform === null || this.#waveform.peaks.length === 0) return;
    this.#plain.hidden = true;
    this.#wave.hidden = false;
    this.#slider.addEventListener("input", () => {
      this.#audio.currentTime = this.#slider.valueAsNumber;
      this.#draw();
    });
    this.#slider.addEventListener("keydown", (event) => this.#step(event));
    const follow = () => this.#follow();
    for (const event of ["play", "pause", "seeked", "timeupdate", "durationchange"]) {
      this.#audio.addEventListener(event, follow);
    }
    new ResizeObserver(() => this.#measure()).observe(this.#wave);
    follow();
  }

  /** Seconds; the element's own as soon as it knows, which may differ by a little from the file's. */
  get #duration(): number {
    const { duration } = this.#audio;
    return Number.isFinite(duration) && duration > 0 ? duration : (this.#waveform?.duration ?? 0);
  }

  /** A hundredth of an hour is too far for one key. */
  #step(event: KeyboardEvent): void {
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (way === undefined) return;
    event.preventDefault();
    const to = this.#audio.currentTime + way * KEY_STEP_S;
    this.#audio.currentTime = Math.min(Math.max(to, 0), this.#duration);
    this.#follow();
  }

  #follow(): void {
    const duration = this.#duration;
    this.#slider.max = String(duration);
    this.#slider.value = String(this.#audio.currentTime);
    const words = `${formatLength(this.#audio.currentTime)} of ${formatLength(duration)}`;
    this.#slider.setAttribute("aria-valuetext", words);
    this.#draw();
    // Between the element's own events, of which there are four a second.
    cancelAnimationFrame(this.#frame);
    if (!this.#audio.paused) this.#frame = requestAnimationFrame(() => this.#follow());
  }

  #measure(): void {
    const { clientWidth, clientHeight } = this.#canvas;
    this.#canvas.width = clientWidth * devicePixelRatio;
    this.#canvas.height = clientHeight * devicePixelRatio;
    this.#heights = barHeights(this.#waveform?.peaks ?? [], clientWidth / STEP_PX);
    this.#draw();
  }

  #draw(): void {
    const context = this.#canvas.getContext("2d");
    if (context === null) return;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    const played = (this.#slider.valueAsNumber / (this.#duration || 1)) * width;
    const accent = getComputedStyle(this.#canvas).color;
    for (const [bar, share] of this.#heights.entries()) {
      const tall = Math.max(BAR_PX, share * height);
      context.fillStyle = (bar + 0.5) * STEP_PX <= played ? accent : OPEN_COLOUR;
      context.beginPath();
      context.roundRect(bar * STEP_PX, (height - tall) / 2, BAR_PX, tall, BAR_PX / 2);
      context.fill();
    }
  }
}
