/** Finding elements with their true type. A page that lacks what its script needs is a mistake of ours: it throws. */

type ElementClass<T extends Element> = abstract new () => T;

export function find<T extends Element>(
  selector: string,
  type: ElementClass<T>,
  root: ParentNode = document,
): T {
  const found = seek(selector, type, root);
  if (found === null) throw new Error(`This page has no ${selector}.`);
  return found;
}

export function seek<T extends Element>(
  selector: string,
  type: ElementClass<T>,
  root: ParentNode = document,
): T | null {
  const element = root.querySelector(selector);
  return element instanceof type ? element : null;
}

/** The first element of a `<template>`, made anew. */
export function stamp(template: string): HTMLElement {
  const copy = find(template, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (copy instanceof HTMLElement) return copy;
  throw new Error(`The template ${template} is empty.`);
}

/** Said to screen readers, without moving the focus. */
export function announce(words: string): void {
  find("#announce", HTMLElement).textContent = words;
}
