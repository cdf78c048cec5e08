/** The last step of an upload's address, from whatever a file is called. Pure. */

/** Signs that may not stand in a path even when encoded: they mean something to routers on the way. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const SEPARATORS = /[/\\\u0000]/g;
/** Steps that every URL parser resolves away. */
const DOTS = /^\.{1,2}$/;

export function uploadStep(name: string): string {
  const safe = name.toWellFormed().replaceAll(SEPARATORS, "_").trim();
  return encodeURIComponent(safe === "" || DOTS.test(safe) ? `_${safe}` : safe);
}

/** Pasted pictures are all called image.png; the time tells them apart. */
export function pastedName(name: string, now: Date): string {
  if (!/^image\.\w+$/.test(name)) return name;
  const stamp = now.toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".");
  return `Pasted ${stamp}${name.slice(name.lastIndexOf("."))}`;
}
