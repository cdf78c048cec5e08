/** The image viewer. Without script the picture is a link to the original; with it, it zooms and pans. */
import { Icon, type IconName } from "./icons.tsx";
import { picturePlaceholder } from "./placeholder.ts";
import { type RecordView, renditionOf } from "./shared/record.ts";

/** Types that may let the ground shine through. */
const CLEAR_TYPES = ["image/png", "image/gif", "image/webp", "image/avif"];
/** Below this the original is drawn at once; above, the preview first. Bytes. */
const LIGHT_BYTES = 1_500_000;

const TOOLS: [action: string, label: string, icon: IconName][] = [
  ["out", "Zoom out", "minus"],
  ["in", "Zoom in", "plus"],
  ["fit", "Fit or full size", "fit"],
];

interface ImageView {
  record: RecordView;
  /** Browsers draw the original themselves. */
  drawn: boolean;
  /** A preview would stand still. */
  moves: boolean;
}

export function ImageStage({ record, drawn, moves }: ImageView) {
  const preview = renditionOf(record, "preview");
  const previewUrl = preview?.state === "ready" ? preview.url : null;
  const shown = drawn && (moves || record.size <= LIGHT_BYTES || !previewUrl) ? record.raw_url : previewUrl;
  return (
    <section
      class="stage image"
      id="viewer"
      aria-label="Image"
      data-full={drawn ? record.raw_url : (previewUrl ?? "")}
    >
      <img class="room" src={picturePlaceholder(record)} alt="" />
      <a class="picture-link" href={record.raw_url} tabindex={-1}>
        <img
          class={CLEAR_TYPES.includes(record.type) ? "picture clear" : "picture"}
          id="picture"
          {...(shown === null ? { hidden: true } : { src: shown })}
          alt={record.name}
          fetchpriority="high"
          decoding="async"
          draggable={false}
        />
      </a>
      {shown === null ? (
        <p class="note" id="stage-note">
          Browsers do not draw {record.type}. A preview takes its place here once it is made.
        </p>
      ) : null}
      <div class="tools scripted" role="group" aria-label="Zoom">
        {TOOLS.map(([action, label, icon]) => (
          <button class="tool" type="button" data-zoom={action} aria-label={label}>
            <Icon name={icon} />
          </button>
        ))}
        <output class="tool-value" id="zoom"></output>
      </div>
    </section>
  );
}
