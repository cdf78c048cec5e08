/** Answers a playlist or another text of ours: written anew each time, revalidated by its hash. */
import { userBytesHeaders } from "../http/headers.ts";
import { decide } from "./conditions.ts";
import { PLAYLIST_FRESHNESS } from "./freshness.ts";

export const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";
export const VTT_TYPE = "text/vtt; charset=utf-8";

export async function textAnswer(request: Request, text: string, type: string): Promise<Response> {
  const bytes = new TextEncoder().encode(text);
  const etag = `"${await hash(bytes)}"`;
  const headers = { ...userBytesHeaders(type), ETag: etag, "Cache-Control": PLAYLIST_FRESHNESS };
  // Such texts are small and change: a range of one is answered with the whole.
  const verdict = decide("HEAD", request.headers, { etag, modified: null, size: bytes.byteLength });
  if (verdict.status === 304) return new Response(null, { status: 304, headers });
  return new Response(request.method === "HEAD" ? null : bytes, {
    headers: { ...headers, "Content-Type": type, "Content-Length": String(bytes.byteLength) },
  });
}

async function hash(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
