/**
 * How hls.js loads for us. Segments may have to be made first: the edge answers 200 or, after 8 s, 503, so
 * waiting is normal here. Made by `stream.ts` for each stream.
 */
import type Hls from "hls.js";
import type { HlsConfig, LoadPolicy } from "hls.js";

/** Longer than the edge waits for a segment. */
const FIRST_BYTE_MS = 10_000;
const WHOLE_MS = 60_000;
/** Before anybody presses play only the beginning is fetched. Seconds. */
export const IDLE_BUFFER_S = 5;
/** While rungs are made: little, so that a better one shows soon and nobody encodes far ahead of the viewer. */
export const GROWING_BUFFER_S = 20;
/** As much as fits a slow stretch. */
export const PLAYING_BUFFER_S = 45;
/** A first byte later than this was made to order: its wait tells nothing of the network. Milliseconds. */
const MADE_TO_ORDER_MS = 700;
const USUAL_FIRST_BYTE_MS = 100;
const SESSION_BYTES = 16;

const waitingPolicy: LoadPolicy = {
  default: {
    maxTimeToFirstByteMs: FIRST_BYTE_MS,
    maxLoadTimeMs: WHOLE_MS,
    timeoutRetry: { maxNumRetry: 8, retryDelayMs: 0, maxRetryDelayMs: 0 },
    errorRetry: {
      maxNumRetry: 8,
      retryDelayMs: 400,
      maxRetryDelayMs: 2_000,
      backoff: "exponential",
      shouldRetry: (_config, _count, _isTimeout, response, retry) => retry || response?.code === 503,
    },
  },
};

type FragmentLoader = NonNullable<HlsConfig["fLoader"]>;

/** `from`: where to start, in seconds. `Player` is hls.js itself, which is loaded late. */
export function streamConfig(Player: typeof Hls, from: number, session: string): Partial<HlsConfig> {
  return {
    // The segments are fMP4 already: there is nothing for a worker to remux.
    enableWorker: false,
    backBufferLength: 60,
    // By time alone: the usual 60 MB would be minutes of a small rung.
    maxBufferSize: 0,
    maxBufferLength: IDLE_BUFFER_S,
    startPosition: from > 0 ? from : -1,
    startFragPrefetch: true,
    preserveManualLevelOnError: true,
    // Captions are elements of our own: they stay when the source changes and come when they are made.
    renderTextTracksNatively: false,
    fragLoadPolicy: waitingPolicy,
    playlistLoadPolicy: waitingPolicy,
    manifestLoadPolicy: waitingPolicy,
    fLoader: patientLoader(Player),
    xhrSetup: (xhr, url) => {
      xhr.open("GET", url, true);
      if (isPiece(url)) xhr.setRequestHeader("X-Playback-Session-Id", session);
    },
  };
}

/** Of one playback: the edge ends the waits for what its viewer has sought away from. */
export function newSession(): string {
  return [...crypto.getRandomValues(new Uint8Array(SESSION_BYTES))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** Only these wait; another host, or the master that may redirect to one, would ask for a preflight. */
function isPiece(url: string): boolean {
  const { origin, pathname } = new URL(url, location.href);
  return origin === location.origin && /\.(m4s|mp4)$/.test(pathname);
}

/** Takes the time that a segment was waited for out of what the bandwidth is measured by. */
function patientLoader(Player: typeof Hls): FragmentLoader {
  // hls.js gives the same loader to fragments and only types it wider.
  const Loader = Player.DefaultConfig.loader as FragmentLoader;
  return class extends Loader {
    override load(...[context, loads, callbacks]: Parameters<InstanceType<FragmentLoader>["load"]>): void {
      super.load(context, loads, {
        ...callbacks,
        onSuccess: (response, stats, loaded, details) => {
          const { loading } = stats;
          if (loading.first - loading.start > MADE_TO_ORDER_MS) {
            loading.start = loading.first - USUAL_FIRST_BYTE_MS;
          }
          callbacks.onSuccess(response, stats, loaded, details);
        },
      });
    }
  };
}
