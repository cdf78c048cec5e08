/**
 * The player's place and parts as HTML: media-chrome's elements, dead until the script defines them. Without
 * script the browser's own player stands there instead.
 */
import { Icon } from "./icons.tsx";
import { filmPlaceholder, picturePlaceholder } from "./placeholder.ts";
import { captionsOf } from "./shared/captions.ts";
import { type RecordView, renditionOf } from "./shared/record.ts";

const RATES = "0.5 0.75 1 1.25 1.5 1.75 2";

export function VideoStage({ record }: { record: RecordView }) {
  const poster = renditionOf(record, "poster");
  const posterUrl = poster?.state === "ready" && poster.url ? { poster: poster.url } : {};
  return (
    <section class="stage video" aria-label="Video">
      <img class="room" src={filmPlaceholder(record)} alt="" />
      <noscript>
        <video controls playsinline preload="none" {...posterUrl}>
          <FallbackSources record={record} />
        </video>
      </noscript>
      <media-controller
        id="player"
        nohotkeys
        novolumepref
        nomutedpref
        nosubtitleslangpref
        autohide="2"
        aria-label={`Video: ${record.name}`}
      >
        <video slot="media" playsinline preload="metadata" crossorigin="anonymous" {...posterUrl} />
        <media-loading-indicator
          slot="centered-chrome"
          noautohide
          loadingdelay="600"
        ></media-loading-indicator>
        <media-play-button slot="centered-chrome" class="big-play" notooltip></media-play-button>
        <VideoMenus />
        <div class="bars">
          <media-time-range></media-time-range>
          <media-control-bar>
            <media-play-button notooltip></media-play-button>
            <media-mute-button notooltip></media-mute-button>
            <media-volume-range></media-volume-range>
            <media-time-display showduration></media-time-display>
            <span class="gap"></span>
            <media-captions-button notooltip></media-captions-button>
            <media-settings-menu-button notooltip>
              <Icon name="gear" slot="icon" />
            </media-settings-menu-button>
            <media-pip-button notooltip></media-pip-button>
            <media-fullscreen-button notooltip></media-fullscreen-button>
          </media-control-bar>
        </div>
      </media-controller>
      <p class="note" id="stage-note" role="status" hidden></p>
      <KeysDialog />
    </section>
  );
}

function VideoMenus() {
  return (
    <media-settings-menu hidden anchor="auto">
      <media-settings-menu-item id="quality-item">
        Quality
        <media-chrome-menu slot="submenu" id="quality" hidden>
          <div slot="title">Quality</div>
        </media-chrome-menu>
      </media-settings-menu-item>
      <media-settings-menu-item>
        Speed
        <media-playback-rate-menu slot="submenu" hidden rates={RATES}>
          <div slot="title">Speed</div>
        </media-playback-rate-menu>
      </media-settings-menu-item>
      <media-settings-menu-item id="sounds-item" hidden>
        Sound
        <media-chrome-menu slot="submenu" id="sounds" hidden>
          <div slot="title">Sound</div>
        </media-chrome-menu>
      </media-settings-menu-item>
      <media-settings-menu-item id="captions-item" hidden>
        Captions
        <media-captions-menu slot="submenu" hidden>
          <div slot="title">Captions</div>
        </media-captions-menu>
      </media-settings-menu-item>
      <media-chrome-menu-item id="keys-item">Keyboard</media-chrome-menu-item>
    </media-settings-menu>
  );
}

export function AudioStage({ record }: { record: RecordView }) {
  const cover = renditionOf(record, "thumbnail");
  return (
    <section class="stage audio" aria-label="Audio">
      <span class="cover">
        {cover?.state === "ready" && cover.url ? (
          <img src={cover.url} alt="" width={160} height={160} />
        ) : record.thumbhash ? (
          <img src={picturePlaceholder({ width: 1, height: 1, thumbhash: record.thumbhash })} alt="" />
        ) : (
          <Icon name="audio" />
        )}
      </span>
      <noscript>
        <audio controls preload="none">
          <FallbackSources record={record} />
        </audio>
      </noscript>
      <media-controller
        id="player"
        audio
        nohotkeys
        novolumepref
        nomutedpref
        aria-label={`Audio: ${record.name}`}
      >
        <audio slot="media" preload="metadata" />
        <div class="scrubber">
          <media-time-range></media-time-range>
          <span class="wave" id="wave" hidden>
            <canvas></canvas>
            <input type="range" min="0" max="1" step="any" value="0" aria-label="Place in the sound" />
          </span>
        </div>
        <media-control-bar>
          <media-play-button notooltip></media-play-button>
          <media-mute-button notooltip></media-mute-button>
          <media-volume-range></media-volume-range>
          <media-time-display showduration></media-time-display>
          <span class="gap"></span>
          <media-playback-rate-button notooltip rates={RATES}></media-playback-rate-button>
        </media-control-bar>
      </media-controller>
      <p class="note" id="stage-note" role="status" hidden></p>
      <KeysDialog />
    </section>
  );
}

/** What a browser without script may play, best first. */
function FallbackSources({ record }: { record: RecordView }) {
  const made = ["mp4", "m4a"].map((kind) => renditionOf(record, kind)).find((one) => one?.state === "ready");
  return (
    <>
      {made?.url ? <source src={made.url} type={made.type} /> : null}
      <source src={record.raw_url} type={record.type} />
      {captionsOf(record).map(({ url, label, language }) => (
        <track kind="subtitles" src={url} label={label} srclang={language} />
      ))}
    </>
  );
}

const KEYS: [keys: string, what: string][] = [
  ["Space", "play or pause (also K)"],
  ["J L", "10 seconds back or on"],
  ["← →", "5 seconds back or on"],
  [", .", "one frame back or on"],
  ["0…9", "to that tenth of it"],
  ["M", "mute"],
  ["↑ ↓", "volume, inside the player"],
  ["< >", "slower or faster"],
  ["C", "captions"],
  ["F", "full screen"],
  ["I", "picture in picture"],
  ["?", "this list"],
];

function KeysDialog() {
  return (
    <dialog id="keys" aria-labelledby="keys-title">
      <form method="dialog" class="section-head">
        <h2 id="keys-title">Keyboard</h2>
        <button class="button quiet icon-only" aria-label="Close">
          <Icon name="close" />
        </button>
      </form>
      <dl>
        {KEYS.map(([keys, what]) => (
          <div>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
