/** The file's page: the file itself, then one column of what one wants to know and do. */
import { MOST_RUNGS } from "../config.ts";
import type { FileKind } from "../db/schema.ts";
import { CopyField } from "./copy-field.tsx";
import { extensionLabel, facts } from "./facts.ts";
import { Icon } from "./icons.tsx";
import { JsonBlock } from "./json-block.tsx";
import { page } from "./layout.tsx";
import { fileTags, SITE_NAME } from "./open-graph.ts";
import { embedHtml, snippets } from "./snippets.ts";
import { Stage, type StageView } from "./stage.tsx";
import { downloadsOf } from "./shared/downloads.ts";
import { formatCount, formatUtc } from "./shared/format.ts";
import { type RecordView, rungsOf } from "./shared/record.ts";
import { statusLine } from "./shared/status-line.ts";

export interface FileView extends StageView {
  /** Milliseconds since 1970 UTC. */
  uploadedAt: number;
  /** The operator sees what its owner sees. */
  operator: boolean;
}

export function filePage(view: FileView) {
  const { record, kind } = view;
  const plays = kind === "video" || kind === "audio";
  return page(
    {
      title: `${record.name} · ${SITE_NAME}`,
      tags: fileTags(record, kind),
      scripts: plays ? ["file", "player"] : ["file"],
      wide: true,
    },
    <>
      <JsonBlock id="record" value={record} />
      <Stage {...view} />
      <div class="about">
        <div class="about-head">
          <h1 class="file-name">{record.name}</h1>
          <p class="facts" id="facts">
            {facts(record).join(" · ")}
          </p>
          <Status record={record} />
          <Actions record={record} kind={kind} />
          <Links record={record} kind={kind} />
          {kind === "video" ? <Rungs hidden={!view.operator || rungsOf(record).length === 0} /> : null}
          <Work hidden={!view.operator} />
          <template id="entry">
            <div>
              <dt></dt>
              <dd></dd>
            </div>
          </template>
        </div>
        <Details view={view} />
      </div>
      <DeleteDialog record={record} />
    </>,
  );
}

/** It keeps its room when it falls silent, so that nothing moves; what is settled already needs none. */
function Status({ record }: { record: RecordView }) {
  const line = statusLine(record);
  return (
    <p
      class="status"
      id="status"
      data-tone={line.tone}
      {...(line.text === "" ? { "data-settled": true } : {})}
      role="status"
    >
      {line.text}
    </p>
  );
}

/** Kinds that show themselves on other pages; the rest can only be linked. */
const EMBEDDED: FileKind[] = ["image", "animation", "video", "audio"];

function Actions({ record, kind }: { record: RecordView; kind: FileKind }) {
  return (
    <div class="actions">
      <a class="button primary" href={`${record.raw_url}?download`} download={record.name}>
        <Icon name="download" />
        Download
      </a>
      <button class="button scripted" type="button" data-copy={record.url}>
        <Icon name="copy" />
        <span>Copy link</span>
      </button>
      {EMBEDDED.includes(kind) ? (
        <button class="button scripted" type="button" id="copy-embed" data-copy={embedHtml(record, kind)}>
          <Icon name="code" />
          <span>Copy embed</span>
        </button>
      ) : null}
      <button class="button" type="button" id="retry" hidden>
        <Icon name="retry" />
        Try again
      </button>
      <button class="button danger" type="button" id="delete" hidden>
        <Icon name="trash" />
        Delete
      </button>
    </div>
  );
}

function Links({ record, kind }: { record: RecordView; kind: FileKind }) {
  return (
    <details class="fold">
      <summary>Links for other places</summary>
      {snippets(record, kind).map(({ label, text }) => (
        <CopyField label={label} text={text} />
      ))}
    </details>
  );
}

/** What the video plays in, and further ones on request: for those who see how it was made. */
function Rungs({ hidden }: { hidden: boolean }) {
  return (
    <details class="fold scripted" id="rungs" data-most={MOST_RUNGS} hidden={hidden}>
      <summary>Qualities</summary>
      <dl class="details" id="rungs-list"></dl>
      <div class="actions" id="rungs-add" role="group" aria-label="Further qualities" hidden></div>
      <p class="facts" id="rungs-said" role="status"></p>
    </details>
  );
}

/** Every attempt at every job: for whoever uploaded it from this browser, and for the operator. */
function Work({ hidden }: { hidden: boolean }) {
  return (
    <details class="fold scripted" id="work" hidden={hidden}>
      <summary>How it was made</summary>
      <p class="problem" id="work-problem" role="alert"></p>
      <dl class="details" id="work-list"></dl>
    </details>
  );
}

function Details({ view: { record, uploadedAt } }: { view: FileView }) {
  return (
    <dl class="details">
      <Detail term="Type" value={`${extensionLabel(record)}, ${record.type}`} />
      <div>
        <dt>Uploaded</dt>
        <dd>
          <time datetime={new Date(uploadedAt).toISOString()}>{formatUtc(uploadedAt)}</time>
        </dd>
      </div>
      <Detail term="Exact size" value={`${formatCount(record.size)} bytes`} />
      <div>
        <dt>Downloads</dt>
        <dd class="downloads" id="downloads">
          {downloadsOf(record).map(({ url, name, text }) => (
            <a href={url} download={name}>
              {text}
            </a>
          ))}
        </dd>
      </div>
      {record.hash ? (
        <div class="hash">
          <dt>{record.hash.split(":")[0] === "sha256" ? "SHA-256" : "Hash"}</dt>
          <dd>
            <code>{record.hash.split(":").at(-1)}</code>
          </dd>
        </div>
      ) : null}
    </dl>
  );
}

function Detail({ term, value }: { term: string; value: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function DeleteDialog({ record }: { record: RecordView }) {
  return (
    <dialog id="delete-dialog" aria-labelledby="delete-title">
      <h2 id="delete-title">Delete this file?</h2>
      <p>
        <strong class="file-name">{record.name}</strong> goes with everything made from it. This cannot be
        undone.
      </p>
      <p class="problem" id="delete-problem" role="alert"></p>
      <form method="dialog" class="state-actions">
        <button class="button danger" type="button" id="delete-confirm">
          Delete for ever
        </button>
        <button class="button">Keep it</button>
      </form>
    </dialog>
  );
}
