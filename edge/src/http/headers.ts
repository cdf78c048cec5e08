/** Headers that keep hostile bytes harmless (user bytes) and our pages strict. Pure; delivery and pages use them. */
const NO_POWERS = "default-src 'none'; sandbox";
/** Without these a browser that opens the raw link of a video or a sound shows nothing (measured in Chromium). */
const PLAYABLE = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin";

/** For every answer with user bytes, whatever its status. Hotlinks are wanted, hence CORP cross-origin. */
export function userBytesHeaders(type: string): Record<string, string> {
  const playable = type.startsWith("video/") || type.startsWith("audio/");
  return {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": playable ? PLAYABLE : NO_POWERS,
  };
}

export interface PageNeeds {
  /** Origin that user bytes come from, where it is not the page's own. */
  mediaOrigin?: string | null;
}

/** For every HTML page. `style-src 'unsafe-inline'` is for media-chrome; blob: is for hls.js. */
export function pageHeaders({ mediaOrigin = null }: PageNeeds = {}): Record<string, string> {
  const media = mediaOrigin === null ? "" : ` ${mediaOrigin}`;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    `img-src 'self' data: blob:${media}`,
    `media-src 'self' blob:${media}`,
    `connect-src 'self'${media}`,
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src blob:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    "Content-Security-Policy": policy.join("; "),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
  };
}
