/** Placeholders in the browser: a thumbhash as the address of a tiny picture, and one made from a picture. */
import { rgbaToThumbHash, thumbHashToDataURL } from "thumbhash";

/** The library takes at most 100 px a side; 64 is as good. */
const SAMPLE_PX = 64;

/** Null where it is no thumbhash. */
export function placeholderOf(thumbhash: string): string | null {
  try {
    return thumbHashToDataURL(Uint8Array.from(atob(thumbhash), (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
}

/** Of a local file; null where this browser cannot draw it. */
export async function thumbhashOf(file: Blob): Promise<string | null> {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = SAMPLE_PX / Math.max(bitmap.width, bitmap.height);
    const width = Math.max(1, Math.round(bitmap.width * scale));
    const height = Math.max(1, Math.round(bitmap.height * scale));
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context?.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    const pixels = context?.getImageData(0, 0, width, height).data;
    return pixels ? btoa(String.fromCharCode(...rgbaToThumbHash(width, height, pixels))) : null;
  } catch {
    return null;
  }
}
