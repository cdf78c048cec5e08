/** This visitor's own uploads, newest first, with the keys that delete them. They never leave the browser. */
import { list, maybe, number, object, type Shaped, text } from "../../src/pages/shared/shape.ts";
import { forget, keep, recall } from "./storage.ts";

const STORE = "capcloud.uploads";
/** Older ones fall off the list; about 400 bytes each. */
const MAX_KEPT = 300;

export const KeptUpload = object({
  id: text,
  name: text,
  url: text,
  thumbnail: maybe(text),
  type: text,
  size: number,
  deleteKey: maybe(text),
  thumbhash: maybe(text),
});
export type KeptUpload = Shaped<typeof KeptUpload>;

export function listUploads(): KeptUpload[] {
  return recall(STORE, list(KeptUpload)) ?? [];
}

export function findUpload(id: string): KeptUpload | undefined {
  return listUploads().find((upload) => upload.id === id);
}

export function rememberUpload(upload: KeptUpload): void {
  keep(STORE, [upload, ...listUploads().filter(({ id }) => id !== upload.id)].slice(0, MAX_KEPT));
}

export function amendUpload(id: string, change: Partial<KeptUpload>): void {
  keep(
    STORE,
    listUploads().map((upload) => (upload.id === id ? { ...upload, ...change } : upload)),
  );
}

export function dropUpload(id: string): void {
  keep(
    STORE,
    listUploads().filter((upload) => upload.id !== id),
  );
}

export function forgetUploads(): void {
  forget(STORE);
}
