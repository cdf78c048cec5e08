/** Records as tests want them: a film with its ladder, and others, with only what matters spelled out. */
import type { RecordView, RenditionView, StreamView } from "../shared/record.ts";

export const ORIGIN = "https://files.example";

export function recordOf(over: Partial<RecordView> = {}): RecordView {
  const id = over.id ?? "Ab3dE9fGh1";
  const url = `${ORIGIN}/${id}`;
  return {
    id,
    name: "clip.mp4",
    url,
    raw_url: `${url}.mp4`,
    thumbnail_url: `${url}/thumbnail.webp`,
    size: 12_345_678,
    type: "video/mp4",
    hash: "sha256:00ff",
    status: "ready",
    reason: null,
    created_at: null,
    width: null,
    height: null,
    duration: null,
    thumbhash: null,
    streams: [],
    renditions: [],
    progress: { fraction: 1, ranges: [], agents: 0, eta_s: null, waiting: null },
    ...over,
  };
}

export function renditionOf(
  kind: string,
  name: string,
  state: RenditionView["state"],
  over: Partial<RenditionView> = {},
): RenditionView {
  const url = `${ORIGIN}/Ab3dE9fGh1/${kind}-${name}`;
  const type = kind === "mp4" ? "video/mp4" : "image/jpeg";
  return {
    kind,
    name,
    url,
    type,
    width: null,
    height: null,
    size: null,
    state,
    reason: null,
    fraction: null,
    ranges: null,
    ...over,
  };
}

export function streamOf(type: string, codec: string, over: Partial<StreamView> = {}): StreamView {
  const unknown = { index: null, language: null, pixelFormat: null, frameRate: null, cover: null };
  return { type, codec, ...unknown, ...over };
}

/** `{"480": "ready", "720": "making"}` as rungs. */
export function ladderOf(states: Record<string, RenditionView["state"]>): RenditionView[] {
  return Object.entries(states).map(([name, state]) => renditionOf("rung", name, state));
}

/** Names that have broken pages elsewhere. */
export const HOSTILE = [
  `"><img src=x onerror=alert(1)>`,
  `'><svg/onload=alert(1)>`,
  `</script><script>alert(1)</script>`,
  `</title><script>alert(1)</script>`,
  `</pre></textarea></style><script>alert(1)</script>`,
  `<!--<script>alert(1)//-->`,
  `javascript:alert(1)//.mp4`,
  `" onmouseover="alert(1)`,
  "` onerror=alert(1) `",
  `&lt;script&gt;alert(1)&lt;/script&gt;`,
  `]]><script>alert(1)</script>`,
  `{{constructor.constructor('alert(1)')()}}`,
  `\u2028alert(1)\u2029`,
  `\u202Egpj.exe`,
  `x\u0000<script>alert(1)</script>`,
  `<a href="javascript:alert(1)">x</a>`,
];
