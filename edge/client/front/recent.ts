/**
 * The grid of this visitor's own uploads. Every cell has its size at once and its thumbhash as soon as it is
 * known, so nothing jumps; what was deleted elsewhere leaves the list when its picture is asked for.
 */
import { formatBytes } from "../../src/pages/shared/format.ts";
import type { RecordView } from "../../src/pages/shared/record.ts";
import { fetchRecord } from "../lib/answers.ts";
import { find, seek, stamp } from "../lib/dom.ts";
import { placeholderOf } from "../lib/thumbhash.ts";
import {
  amendUpload,
  dropUpload,
  forgetUploads,
  type KeptUpload,
  listUploads,
  rememberUpload,
} from "../lib/uploads.ts";

const SHOWN = 48;
/** A thumbnail takes a second or two once an agent is there. */
const ASK_AGAIN_MS = [1_000, 2_000, 4_000, 8_000, 16_000];

export function startRecent(): void {
  const uploads = listUploads().slice(0, SHOWN);
  find("#recent", HTMLElement).hidden = uploads.length === 0;
  find("#grid", HTMLElement).replaceChildren(...uploads.map(makeCell));
  startForgetting(find("#forget", HTMLButtonElement));
}

/** Asks once more: with the list go the keys that delete the files. */
function startForgetting(button: HTMLButtonElement): void {
  const words = button.textContent;
  let asked = false;
  button.addEventListener("click", () => {
    if (asked) {
      forgetUploads();
      find("#grid", HTMLElement).replaceChildren();
      find("#recent", HTMLElement).hidden = true;
    }
    asked = !asked;
    button.textContent = asked ? "Forget, and lose the delete keys?" : words;
  });
  button.addEventListener("blur", () => {
    asked = false;
    button.textContent = words;
  });
}

export function addRecent(upload: KeptUpload): void {
  rememberUpload(upload);
  find("#grid", HTMLElement).prepend(makeCell(upload));
  find("#recent", HTMLElement).hidden = false;
}

function makeCell(upload: KeptUpload): HTMLElement {
  const cell = stamp("#cell");
  find("a", HTMLAnchorElement, cell).href = upload.url;
  find(".cell-name", HTMLElement, cell).textContent = upload.name;
  find(".cell-facts", HTMLElement, cell).textContent = formatBytes(upload.size);
  find(".cell-kind", HTMLElement, cell).textContent = shortType(upload);
  find("button", HTMLButtonElement, cell).dataset["copy"] = upload.url;
  drawHash(cell, upload.thumbhash);
  if (hasPicture(upload.type)) void drawPicture(cell, upload);
  return cell;
}

function shortType({ name, type }: KeptUpload): string {
  const extension = /\.(\w{1,5})$/.exec(name)?.[1];
  return (extension ?? type.split("/").at(-1) ?? "").slice(0, 6);
}

function hasPicture(type: string): boolean {
  return /^(image|video)\//.test(type);
}

function drawHash(cell: HTMLElement, thumbhash: string | null): void {
  const address = thumbhash === null ? null : placeholderOf(thumbhash);
  if (address) find(".cell-picture", HTMLElement, cell).style.backgroundImage = `url(${address})`;
}

async function drawPicture(cell: HTMLElement, upload: KeptUpload): Promise<void> {
  if (upload.thumbnail) {
    showPicture(cell, upload.thumbnail);
    return;
  }
  for (const wait of [0, ...ASK_AGAIN_MS]) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    const record = await fetchRecord(upload.id);
    if (record === "gone") {
      dropUpload(upload.id);
      cell.remove();
      return;
    }
    if (record !== "unknown" && settlePicture(cell, upload, record)) return;
  }
}

/** True when there is nothing more to wait for. */
function settlePicture(cell: HTMLElement, upload: KeptUpload, record: RecordView): boolean {
  if (record.thumbhash && !upload.thumbhash) {
    drawHash(cell, record.thumbhash);
    amendUpload(upload.id, { thumbhash: record.thumbhash });
  }
  const made = record.renditions.find(({ kind, state }) => kind === "thumbnail" && state === "ready");
  if (!made?.url) return record.status !== "processing";
  amendUpload(upload.id, { thumbnail: made.url });
  showPicture(cell, made.url);
  return true;
}

function showPicture(cell: HTMLElement, address: string): void {
  const holder = find(".cell-picture", HTMLElement, cell);
  if (seek("img", HTMLImageElement, holder)) return;
  const picture = new Image();
  picture.alt = "";
  picture.loading = "lazy";
  picture.decoding = "async";
  picture.addEventListener("load", () => picture.classList.add("shown"));
  picture.addEventListener("error", () => picture.remove());
  picture.src = address;
  holder.append(picture);
}
