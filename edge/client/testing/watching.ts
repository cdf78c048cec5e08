/**
 * What a viewer does, as functions that a journey runs inside the page (`page.evaluate`): each is sent as its
 * own source, so it uses nothing from outside itself.
 */

export interface Watching {
  /** Buffered stretches at the end, in seconds. */
  ranges: [from: number, to: number][];
  error: string | null;
}

/** Plays the video muted until it has ended. */
export async function playToTheEnd(selector: string): Promise<Watching> {
  const video = document.querySelector<HTMLVideoElement>(selector);
  if (video === null) throw new Error("The page has no video.");
  video.muted = true;
  const ended = new Promise((resolve) => video.addEventListener("ended", resolve, { once: true }));
  await video.play();
  await ended;
  const ranges = Array.from({ length: video.buffered.length }, (_, at): [number, number] => [
    video.buffered.start(at),
    video.buffered.end(at),
  ]);
  return { ranges, error: video.error?.message ?? null };
}

/** Jumps to a second and answers where the video stands once it shows a picture there. */
export async function seekTo([selector, to]: readonly [selector: string, to: number]): Promise<number> {
  const video = document.querySelector<HTMLVideoElement>(selector);
  if (video === null) throw new Error("The page has no video.");
  const sought = new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
  video.currentTime = to;
  await sought;
  return video.currentTime;
}

/** How wide the picture is that is shown (0: none), and at which second. */
export function pictureOf(selector: string): { width: number; at: number } {
  const video = document.querySelector<HTMLVideoElement>(selector);
  if (video === null) throw new Error("The page has no video.");
  return { width: video.videoWidth, at: video.currentTime };
}

/** Begins to play, muted, and does not wait for the first picture. */
export function startMuted(selector: string): void {
  const video = document.querySelector<HTMLVideoElement>(selector);
  if (video === null) throw new Error("The page has no video.");
  video.muted = true;
  void video.play();
}

/** Jumps to a second and does not wait for its picture. */
export function jumpTo([selector, to]: readonly [selector: string, to: number]): void {
  const video = document.querySelector<HTMLVideoElement>(selector);
  if (video === null) throw new Error("The page has no video.");
  video.currentTime = to;
}

/** Looks at the page again after having looked elsewhere. */
export function comeBack(): void {
  document.dispatchEvent(new Event("visibilitychange"));
}
