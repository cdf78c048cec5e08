/** The front page: drop zone, this host's own curl lines, and what this visitor uploaded before. */
import { CopyButton } from "./copy-field.tsx";
import { Icon } from "./icons.tsx";
import { page } from "./layout.tsx";
import { SITE_NAME, type Tag } from "./open-graph.ts";
import { formatBytes } from "./shared/format.ts";

export interface FrontView {
  origin: string;
  maxFileBytes: number;
  /** May this visitor upload? */
  open: boolean;
}

const HEADLINE = "Drop a file, get a link.";

export function frontPage(view: FrontView) {
  const tags: Tag[] = [
    { property: "og:site_name", content: SITE_NAME },
    { property: "og:title", content: SITE_NAME },
    { property: "og:description", content: HEADLINE },
    { property: "og:url", content: `${view.origin}/` },
    { property: "og:type", content: "website" },
    { name: "description", content: HEADLINE },
  ];
  return page(
    { title: `${SITE_NAME}: ${HEADLINE}`, tags, scripts: ["front"], unlisted: false, uploadLink: false },
    <>
      <h1 class="headline">{HEADLINE}</h1>
      {view.open ? <DropZone maxFileBytes={view.maxFileBytes} /> : <Closed />}
      <Queue />
      {view.open ? <Terminal origin={view.origin} /> : null}
      <Recent />
    </>,
  );
}

/** A plain form: with a script it uploads in place, without one it leads to the file's page. */
function DropZone({ maxFileBytes }: { maxFileBytes: number }) {
  return (
    <form
      class="zone"
      id="zone"
      method="post"
      action="/?output=page"
      enctype="multipart/form-data"
      data-max-bytes={maxFileBytes}
    >
      <Icon name="upload" />
      <label class="button primary large">
        Choose files
        <input class="hidden-text" id="picker" type="file" name="file" required />
      </label>
      <button class="button large unscripted" type="submit">
        Upload
      </button>
      <p>
        <span class="scripted pointer-only">or drop them anywhere, or paste. </span>
        Up to {formatBytes(maxFileBytes)} each.
      </p>
    </form>
  );
}

function Closed() {
  return (
    <section class="zone closed">
      <Icon name="lock" />
      <h2>Uploads are closed to visitors</h2>
      <p>
        Links made here keep working. The owner of this host opens uploads to everybody by setting{" "}
        <code>ANONYMOUS_UPLOADS</code> to <code>true</code>.
      </p>
    </section>
  );
}

function Queue() {
  return (
    <>
      <section class="queue" id="queue" aria-label="Uploads" hidden>
        <ul id="rows"></ul>
        <button class="button quiet" type="button" id="copy-all" hidden>
          <Icon name="copy" />
          Copy all links
        </button>
      </section>
      <template id="row">
        <li class="row">
          <span class="row-picture">
            <Icon name="file" />
          </span>
          <div class="row-body">
            <p class="row-name"></p>
            <progress max="1" value="0"></progress>
            <p class="row-facts"></p>
            <div class="row-link">
              <input type="text" readonly spellcheck={false} data-select />
              <button class="button primary" type="button">
                <Icon name="copy" />
                <span>Copy</span>
              </button>
            </div>
          </div>
          <a class="button quiet icon-only row-open" aria-label="Open">
            <Icon name="open" />
          </a>
          <button class="button quiet icon-only row-retry" type="button" aria-label="Try again">
            <Icon name="retry" />
          </button>
          <button class="button quiet icon-only row-stop" type="button" aria-label="Cancel">
            <Icon name="close" />
          </button>
        </li>
      </template>
    </>
  );
}

function Terminal({ origin }: { origin: string }) {
  const lines: [what: string, line: string][] = [
    ["One file", `curl -T photo.jpg ${origin}/`],
    ["Just the link", `curl -T photo.jpg "${origin}/?output=text"`],
    ["Several at once", `curl -F file=@one.png -F file=@two.mp4 ${origin}/`],
  ];
  return (
    <section class="terminal" aria-labelledby="terminal-title">
      <h2 id="terminal-title">From a terminal</h2>
      <dl>
        {lines.map(([what, line]) => (
          <div>
            <dt>{what}</dt>
            <dd>
              <code tabindex={0}>{line}</code>
              <CopyButton text={line} what={what} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Filled by the script from this browser's own list; the server does not know who uploaded what. */
function Recent() {
  return (
    <section class="recent" id="recent" aria-labelledby="recent-title" hidden>
      <div class="section-head">
        <h2 id="recent-title">Your uploads</h2>
        <button class="button quiet" type="button" id="forget">
          Forget this list
        </button>
      </div>
      <ul id="grid"></ul>
      <p class="fine">Kept in this browser only, together with the keys that delete them.</p>
      <template id="cell">
        <li class="cell">
          <a>
            <span class="cell-picture">
              <span class="cell-kind"></span>
            </span>
            <span class="cell-name"></span>
            <span class="cell-facts"></span>
          </a>
          <button class="button icon-only" type="button" aria-label="Copy link">
            <Icon name="copy" />
            <Icon name="check" />
          </button>
        </li>
      </template>
    </section>
  );
}
