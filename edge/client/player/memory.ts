/** Remembers volume for all films and the place in each, in this browser. */
import { list, number, object, oneOf, text } from "../../src/pages/shared/shape.ts";
import { keep, recall } from "../lib/storage.ts";

const VOLUME = "capcloud.volume";
const PLACES = "capcloud.places";
const MAX_PLACES = 100;
/** A clip as short as this starts anew. Seconds. */
const SHORT_S = 60;
/** Neither the first nor the last moments are a place to come back to. Seconds. */
const EDGE_S = 10;
const WRITE_EVERY_MS = 3_000;

const Volume = object({ volume: number, muted: oneOf("yes", "no") });
const Places = list(object({ id: text, at: number }));

export function rememberVolume(media: HTMLMediaElement): void {
  const known = recall(VOLUME, Volume);
  if (known) {
    media.volume = Math.min(Math.max(known.volume, 0), 1);
    media.muted = known.muted === "yes";
  }
  media.addEventListener("volumechange", () => {
    keep(VOLUME, { volume: media.volume, muted: media.muted ? "yes" : "no" });
  });
}

/** Where to start: `#t=90` in the address, else where this visitor stopped. Seconds. */
export function startingPlace(id: string): number {
  const asked = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash)?.[1];
  if (asked !== undefined) return Number(asked);
  return places().find((place) => place.id === id)?.at ?? 0;
}

export function rememberPlace(media: HTMLMediaElement, id: string): void {
  let written = 0;
  const write = () => {
    const { currentTime: at, duration } = media;
    if (!(duration > SHORT_S)) return;
    const others = places().filter((place) => place.id !== id);
    const isPlace = at > EDGE_S && at < duration - EDGE_S;
    keep(PLACES, isPlace ? [{ id, at }, ...others].slice(0, MAX_PLACES) : others);
  };
  media.addEventListener("timeupdate", () => {
    if (media.seeking || Date.now() - written < WRITE_EVERY_MS) return;
    written = Date.now();
    write();
  });
  media.addEventListener("ended", write);
  addEventListener("pagehide", write);
}

function places() {
  return recall(PLACES, Places) ?? [];
}
