/**
 * The waiting sign while the picture of a new place is still to come, also over a film that stands still:
 * media-chrome shows its own only where something plays. Called by `player.ts`.
 */

/** As long as media-chrome's own sign waits: most seeks are over by then. */
const PATIENCE_MS = 600;

export function showSeeks(video: HTMLVideoElement, sign: HTMLElement): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  video.addEventListener("seeking", () => {
    clearTimeout(timer);
    timer = setTimeout(() => sign.classList.add("seeking"), PATIENCE_MS);
  });
  for (const end of ["seeked", "emptied", "error"]) {
    video.addEventListener(end, () => {
      clearTimeout(timer);
      sign.classList.remove("seeking");
    });
  }
}
