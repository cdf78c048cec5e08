/** The ways in: choosing, dropping anywhere on the page (folders too), and pasting. Hands files on, nothing else. */
import { pastedName } from "../../src/pages/shared/upload-name.ts";
import { find } from "../lib/dom.ts";

/** Deep trees of thousands of files are archives, not uploads. */
const MAX_FILES_AT_ONCE = 200;

export function startIntake(zone: HTMLFormElement, take: (files: File[]) => void): void {
  const picker = find("#picker", HTMLInputElement, zone);
  // The plain form leads to one file's page; here each file has its row.
  picker.multiple = true;
  picker.addEventListener("change", () => {
    take([...(picker.files ?? [])]);
    // Choosing the same file again should be a change again.
    picker.value = "";
  });
  zone.addEventListener("click", (event) => {
    const onControl = event.target instanceof Element && event.target.closest("label, button");
    if (!onControl) picker.click();
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    take(files.map((file) => new File([file], pastedName(file.name, new Date()), { type: file.type })));
  });
  startDropping(take);
}

function startDropping(take: (files: File[]) => void): void {
  /** Entering a child comes before leaving its parent. */
  let depth = 0;
  const show = () => document.documentElement.classList.toggle("dragging", depth > 0);
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth += 1;
    show();
  });
  addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    show();
  });
  addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    depth = 0;
    show();
    if (!event.dataTransfer || !hasFiles(event)) return;
    event.preventDefault();
    void droppedFiles(event.dataTransfer).then(take);
  });
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const plain = [...transfer.files];
  // Entries must be taken before the first await: the list is emptied when the event is over.
  const entries = [...transfer.items].map((dropped) => dropped.webkitGetAsEntry());
  if (!entries.some((entry) => entry?.isDirectory)) return plain;
  const found: File[] = [];
  for (const entry of entries) if (entry) await walk(entry, found);
  return found;
}

async function walk(entry: FileSystemEntry, found: File[]): Promise<void> {
  if (found.length >= MAX_FILES_AT_ONCE) return;
  if (entry instanceof FileSystemFileEntry) {
    found.push(await new Promise<File>((resolve, reject) => entry.file(resolve, reject)));
  } else if (entry instanceof FileSystemDirectoryEntry) {
    const reader = entry.createReader();
    // A reader gives a hundred entries at a time, and none at the end.
    for (let some = await readSome(reader); some.length > 0; some = await readSome(reader)) {
      for (const child of some) await walk(child, found);
    }
  }
}

function readSome(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}
