/**
 * What stands in a picture's place before its bytes: an SVG of exactly its size, filled with its thumbhash
 * once there is one. As the source of an ordinary `<img>` it takes the picture's room at any page width, so
 * nothing moves when the picture comes, and no inline style is needed.
 */
import { thumbHashToDataURL } from "thumbhash";

/** Where nobody has looked at the file yet. */
const UNKNOWN_WIDTH = 16;
const UNKNOWN_HEIGHT = 9;
/** Players scale small films up; pictures keep their size. Pixels. */
const FILM_WIDTH = 4_096;

export interface Room {
  width: number | null;
  height: number | null;
  thumbhash: string | null;
}

export function picturePlaceholder(room: Room): string {
  if (!room.width || !room.height) return filmPlaceholder(room);
  return svgAddress(room.width, room.height, room.thumbhash);
}

/** The same for films: as wide as the page lets it be. */
export function filmPlaceholder(room: Room): string {
  const known = room.width !== null && room.height !== null && room.width > 0 && room.height > 0;
  const ratio = known ? Number(room.height) / Number(room.width) : UNKNOWN_HEIGHT / UNKNOWN_WIDTH;
  return svgAddress(FILM_WIDTH, Math.max(1, Math.round(FILM_WIDTH * ratio)), room.thumbhash);
}

function svgAddress(width: number, height: number, thumbhash: string | null): string {
  const colours = thumbhash === null ? null : decode(thumbhash);
  const fill = colours
    ? `<image href="${colours}" width="${width}" height="${height}" preserveAspectRatio="none"/>`
    : "";
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${fill}</svg>`;
  return `data:image/svg+xml;base64,${btoa(svg)}`;
}

/** A hash comes from an agent: what cannot be decoded is left out, never an error on the page. */
function decode(thumbhash: string): string | null {
  try {
    const bytes = Uint8Array.from(atob(thumbhash), (character) => character.charCodeAt(0));
    if (bytes.length < 5 || bytes.length > 64) return null;
    const address = thumbHashToDataURL(bytes);
    return /^data:image\/png;base64,[A-Za-z0-9+/=]+$/.test(address) ? address : null;
  } catch {
    return null;
  }
}
