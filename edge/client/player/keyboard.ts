/** The keys of the player, for the whole page: media-chrome's own work only while the player has the focus. */
import { find } from "../lib/dom.ts";

const SMALL_STEP_S = 5;
const STEP_S = 10;
const VOLUME_STEP = 0.05;
const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
/** Where the film's own rate is unknown. Frames a second. */
const USUAL_RATE = 30;

export interface Controls {
  media: HTMLMediaElement;
  player: HTMLElement;
  frameRate: number | null;
}

export function startKeyboard(controls: Controls): void {
  const dialog = find("#keys", HTMLDialogElement);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || !isOurs(event)) return;
    if (event.key === "?") dialog.showModal();
    else if (!act(event, controls)) return;
    event.preventDefault();
  });
}

/** A field keeps its letters, a button its space, a slider its arrows, a menu everything. */
function isOurs(event: KeyboardEvent): boolean {
  const path = event.composedPath().filter((step) => step instanceof HTMLElement);
  const inside = (selector: string) => path.some((step) => step.matches(selector));
  if (inside("input:not([type=range]), textarea, [role=menu], [contenteditable]")) return false;
  if (inside("input[type=range]")) return !event.key.startsWith("Arrow");
  const presses = event.key === " " || event.key === "Enter";
  return !(presses && inside("a, button, summary, [role=button], pre"));
}

function act(event: KeyboardEvent, { media, player, frameRate }: Controls): boolean {
  const inPlayer = event.composedPath().includes(player);
  switch (event.key.length === 1 ? event.key.toLowerCase() : event.key) {
    case " ":
    case "k":
      return toggle(media);
    case "j":
      return seekBy(media, -STEP_S);
    case "l":
      return seekBy(media, STEP_S);
    case "ArrowLeft":
      return seekBy(media, -SMALL_STEP_S);
    case "ArrowRight":
      return seekBy(media, SMALL_STEP_S);
    // Elsewhere these scroll the page.
    case "ArrowUp":
      return inPlayer && louder(media, VOLUME_STEP);
    case "ArrowDown":
      return inPlayer && louder(media, -VOLUME_STEP);
    case ",":
      return frame(media, -1 / (frameRate ?? USUAL_RATE));
    case ".":
      return frame(media, 1 / (frameRate ?? USUAL_RATE));
    case "<":
      return changeRate(media, -1);
    case ">":
      return changeRate(media, 1);
    case "m":
      media.muted = !media.muted;
      return true;
    case "f":
      return toggleFullscreen(player);
    case "i":
      return request(
        player,
        document.pictureInPictureElement ? "mediaexitpiprequest" : "mediaenterpiprequest",
      );
    case "c":
      return request(player, "mediatogglesubtitlesrequest");
    default:
      return /^\d$/.test(event.key) && seekTo(media, (media.duration * Number(event.key)) / 10);
  }
}

function toggle(media: HTMLMediaElement): boolean {
  if (media.paused) void media.play().catch(() => {});
  else media.pause();
  return true;
}

function seekBy(media: HTMLMediaElement, seconds: number): boolean {
  return seekTo(media, media.currentTime + seconds);
}

function seekTo(media: HTMLMediaElement, seconds: number): boolean {
  if (!Number.isFinite(media.duration) || !Number.isFinite(seconds)) return true;
  media.currentTime = Math.min(Math.max(seconds, 0), media.duration);
  return true;
}

function frame(media: HTMLMediaElement, seconds: number): boolean {
  media.pause();
  return seekBy(media, seconds);
}

function louder(media: HTMLMediaElement, step: number): boolean {
  media.volume = Math.min(Math.max(media.volume + step, 0), 1);
  if (step > 0) media.muted = false;
  return true;
}

function changeRate(media: HTMLMediaElement, steps: number): boolean {
  const nearest = RATES.findIndex((rate) => rate >= media.playbackRate);
  const next = RATES[Math.min(Math.max(nearest + steps, 0), RATES.length - 1)];
  if (next !== undefined) media.playbackRate = next;
  return true;
}

export function toggleFullscreen(player: HTMLElement): boolean {
  const on = document.fullscreenElement !== null;
  return request(player, on ? "mediaexitfullscreenrequest" : "mediaenterfullscreenrequest");
}

/** Asked of media-chrome, which knows each browser's own way to do it. */
function request(player: HTMLElement, type: string): boolean {
  player.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true }));
  return true;
}
