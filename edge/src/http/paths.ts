/** Looks at the raw path before any route does. Pure. */
import { Problem } from "./problems.ts";

/** An encoded slash, backslash or NUL: they mean one thing to a router and another to what lies behind it. */
const HIDDEN = /%(?:2f|5c|00)/i;

export function refuseHiddenSeparators(pathname: string): void {
  if (!HIDDEN.test(pathname)) return;
  throw new Problem("malformed", "The path holds an encoded slash, backslash or NUL.", {
    hint: "Send only the file's own name, without folders.",
  });
}

/** Percent-decoded; what is no valid encoding stays as it was written. */
export function decodeStep(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}
