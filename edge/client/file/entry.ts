/** One line of a list of terms on the file's page: what it is, and what is to be said of it. */
import { find, stamp } from "../lib/dom.ts";

export function entry(name: string, words: string): Element {
  const made = stamp("#entry");
  find("dt", HTMLElement, made).textContent = name.charAt(0).toUpperCase() + name.slice(1);
  find("dd", HTMLElement, made).textContent = words;
  return made;
}
