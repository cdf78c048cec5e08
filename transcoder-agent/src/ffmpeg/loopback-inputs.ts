/**
 * What stands still because its input does: a line that is away for minutes ends no tool. Whoever offers an address
 * to tools says here whether bytes of it are being waited for; `run.ts` asks before it calls a run stalled.
 */

const inputs = new Map<string, () => boolean>();

/** `isAwaited`: somebody reads what has not arrived yet, and it is on its way. */
export function offerInput(url: string, isAwaited: () => boolean): void {
  inputs.set(url, isAwaited);
}

export function withdrawInput(url: string): void {
  inputs.delete(url);
}

/** Of an address, or of one that begins with it and a slash. Anything else is not waited for. */
export function isAwaited(url: string): boolean {
  const known = inputs.get(url) ?? inputs.get(url.slice(0, url.lastIndexOf("/")));
  return known?.() ?? false;
}
