/** Languages as people read them. The tags come out of uploaded files: what is not one has no name. Pure. */

/** `German` for `ger`, `deu` or `de`; null where it says nothing. */
export function languageName(tag: string | null): string | null {
  const clean = languageTag(tag);
  if (clean === null) return null;
  const name = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" }).of(clean);
  return name ?? null;
}

/** As `srclang` wants it: `de`. */
export function languageTag(tag: string | null): string | null {
  if (tag === null || !/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(tag)) return null;
  try {
    const clean = Intl.getCanonicalLocales(tag)[0] ?? null;
    return clean === "und" ? null : clean;
  } catch {
    return null;
  }
}
