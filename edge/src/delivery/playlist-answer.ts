/** Answers a playlist: written anew each time, revalidated by the hash of its text. */
import { userBytesHeaders } from "../http/headers.ts";
import { decide } from "./conditions.ts";
import { PLAYLIST_FRESHNESS } from "./freshness.ts";

const TYPE = "application/vnd.apple.mpegurl";

export async function playlistAnswer(request: Request, text: string): Promise<Response> {
  const bytes = new TextEncoder().encode(text);
  const etag = `"${await hash(bytes)}"`;
  const headers = { ...userBytesHeaders(TYPE), ETag: etag, "Cache-Control": PLAYLIST_FRESHNESS };
  // Playlists are small and change: a range of one is answered with the whole.
  const verdict = decide("HEAD", request.headers, { etag, modified: null, size: bytes.byteLength });
  if (verdict.status === 304) return new Response(null, { status: 304, headers });
  return new Response(request.method === "HEAD" ? null : bytes, {
    headers: { ...headers, "Content-Type": TYPE, "Content-Length": String(bytes.byteLength) },
  });
}

async function hash(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
