/**
 * What a demanding visitor notices about a page, as functions that a test runs inside it (`page.evaluate`):
 * each is sent as its own source, so it uses nothing from outside itself.
 */

/** Before anything else runs: notes every shift of the layout that nobody caused. */
export function noteShifts(): void {
  const shifts: string[] = [];
  Object.assign(globalThis, { shifts });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) shifts.push(JSON.stringify(entry));
  }).observe({ type: "layout-shift", buffered: true });
}

/** Resolves when the visitor has seen something. */
export function firstPaint(): Promise<void> {
  return new Promise((seen) => {
    new PerformanceObserver(() => seen()).observe({ type: "paint", buffered: true });
  });
}

/** What is wrong with the page once its scripts have drawn: shifts, sideways scrolling, controls without a name. */
export async function lookOver(): Promise<string[]> {
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const noted: unknown = Reflect.get(globalThis, "shifts");
  const wrong = Array.isArray(noted) ? noted.map(String) : ["no observer"];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    wrong.push(`scrolls sideways by ${root.scrollWidth - root.clientWidth}`);
  }
  for (const control of document.querySelectorAll("button, a[href], input:not([type=hidden])")) {
    const labels = control instanceof HTMLInputElement ? [...(control.labels ?? [])] : [];
    const words = [control, ...labels].map((one) => one.textContent?.trim()).join("");
    const named =
      words !== "" || control.ariaLabel !== null || control.querySelector("img[alt]:not([alt=''])");
    if (!named) wrong.push(`no name: ${control.outerHTML.slice(0, 90)}`);
  }
  return wrong;
}

export function selectedText(): string {
  return getSelection()?.toString() ?? "";
}

export function dropText(name: string): void {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["dropped"], name));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
}

export function countOf(selector: string): number {
  return document.querySelectorAll(selector).length;
}

export function widthOf(selector: string): number {
  return document.querySelector(selector)?.getBoundingClientRect().width ?? 0;
}

export function textLengthOf(selector: string): number {
  return document.querySelector(selector)?.textContent?.length ?? 0;
}

export function playbackOf(selector: string) {
  const media = document.querySelector<HTMLMediaElement>(selector);
  if (media === null) throw new Error(`The page has no ${selector}.`);
  const { currentTime, paused, muted, playbackRate, readyState } = media;
  const height = media instanceof HTMLVideoElement ? media.videoHeight : 0;
  return { currentTime, paused, muted, playbackRate, readyState, height };
}

/** The source object of this stream: another one means that it was started anew. */
export function storedSource(selector: string): string {
  return document.querySelector<HTMLMediaElement>(selector)?.src ?? "";
}

/** The viewer sees, in the middle of the picture, that the player waits. */
export function spins(selector: string): boolean {
  const player = document.querySelector(selector);
  const icon = player?.querySelector("media-loading-indicator")?.shadowRoot?.querySelector("svg");
  if (!player || !icon) return false;
  const [all, own] = [player.getBoundingClientRect(), icon.getBoundingClientRect()];
  const beside = Math.abs(own.x + own.width / 2 - all.x - all.width / 2);
  return Number(getComputedStyle(icon).opacity) > 0 && beside < own.width / 2;
}

/** The captions that are shown right now. */
export function captionsIn(selector: string): string[] {
  const tracks = [...(document.querySelector<HTMLMediaElement>(selector)?.textTracks ?? [])];
  return tracks
    .filter(({ kind, mode }) => kind === "subtitles" && mode === "showing")
    .flatMap(({ activeCues }) => [...(activeCues ?? [])])
    .map((cue) => (cue instanceof VTTCue ? cue.text : ""));
}

/** The picture over the timeline, where the pointer is. */
export function previewOf(selector: string): string {
  const range = document.querySelector(`${selector} media-time-range`);
  const preview = range?.shadowRoot?.querySelector("media-preview-thumbnail");
  return preview?.shadowRoot?.querySelector("img")?.src ?? "";
}
