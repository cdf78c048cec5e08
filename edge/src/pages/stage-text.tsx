/** A text, its beginning already in the page and escaped; the script adds wrapping, copying and the rest. */
import { Icon } from "./icons.tsx";
import { formatBytes } from "./shared/format.ts";
import type { RecordView } from "./shared/record.ts";

/** What is put into the page itself. */
export const TEXT_HEAD_BYTES = 64 * 1_024;
/** The most that the script fetches into the page. */
const TEXT_LIMIT_BYTES = 2 * 1_024 * 1_024;

export interface TextHead {
  text: string;
  /** There is more of it than is shown. */
  cut: boolean;
}

export function TextStage({ record, text }: { record: RecordView; text: TextHead }) {
  return (
    <section class="stage text" aria-label="Text">
      <div class="text-tools scripted">
        <button class="button quiet" type="button" id="wrap" aria-pressed="true">
          <Icon name="wrap" />
          Wrap
        </button>
        <button class="button quiet" type="button" id="copy-text">
          <Icon name="copy" />
          <span>Copy text</span>
        </button>
      </div>
      {/* Parsers drop a line break right after <pre>, hence one of ours. */}
      <pre class="wrapped" id="text" tabindex={0} data-limit={TEXT_LIMIT_BYTES}>
        {`\n${text.text}`}
      </pre>
      {text.cut ? (
        <p class="text-more" id="text-more">
          <span>
            The first {formatBytes(TEXT_HEAD_BYTES)} of {formatBytes(record.size)}.
          </span>
          <button class="button quiet scripted" type="button" id="text-all">
            {record.size <= TEXT_LIMIT_BYTES ? "Show all" : `Show the first ${formatBytes(TEXT_LIMIT_BYTES)}`}
          </button>
        </p>
      ) : null}
    </section>
  );
}

/** Whole characters only: a cut in the middle of one would show as a broken sign. */
export function textHead(bytes: ArrayBuffer, size: number): TextHead {
  const cut = size > bytes.byteLength;
  const text = new TextDecoder().decode(bytes, { stream: cut });
  return { text, cut };
}
