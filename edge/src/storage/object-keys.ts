/**
 * Keys of objects, all of them. Letters of `[A-Za-z0-9._/-]` only: aws4fetch encodes some others once more
 * and the signature breaks. No key is ever made from a name.
 */
export interface Attempt {
  fileId: string;
  kind: string;
  /** The plan's id, or the recipe's hash. */
  version: string;
  /** The rectangle; "all" where there is none. */
  part: string;
  epoch: number;
  nonce: string;
}

const STEP = /^[A-Za-z0-9._-]+$/;

export function originalKey(fileId: string, nonce: string): string {
  return `o/${step(fileId)}/${step(nonce)}`;
}

/** Everything that one attempt uploads lies below its own prefix, so that nothing is ever overwritten. */
export function attemptPrefix({ fileId, kind, version, part, epoch, nonce }: Attempt): string {
  return `r/${step(fileId)}/${step(`${kind}-${version}`)}/${step(part)}/${step(`${epoch}-${nonce}`)}/`;
}

/** Prefixes below which all objects of a file lie. */
export function filePrefixes(fileId: string): string[] {
  return [`o/${step(fileId)}/`, `r/${step(fileId)}/`];
}

function step(text: string): string {
  if (!STEP.test(text) || text === "." || text === "..")
    throw new Error(`not a step of an object key: ${text}`);
  return text;
}
