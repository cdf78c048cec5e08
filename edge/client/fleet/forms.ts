/**
 * Forms that speak to the API: `data-api="PATCH /api/agents/x"` says where, the fields say what (a number in a
 * `data-number` field, a `data-changed` list only where something else was chosen), `data-then` what follows:
 * "refresh" the page's live parts, "reload" it, or go to an address.
 * What the host refuses is shown in the form's own `.problem`.
 */
import { parseJson, refusalText } from "../lib/answers.ts";
import { announce, seek } from "../lib/dom.ts";
import { object, text, tryShape } from "../../src/pages/shared/shape.ts";
import type { Live } from "./live.ts";

const MadeKey = object({ key: text });

export function startForms(live: Live): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.dataset["api"] === undefined) return;
    // Its Cancel button only closes the dialog.
    if (event.submitter?.getAttribute("formmethod") === "dialog") return;
    event.preventDefault();
    void send(form, form.dataset["api"], live);
  });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-opens]") : null;
    const id = button instanceof HTMLElement ? (button.dataset["opens"] ?? "") : "";
    if (id === "") return;
    closeMenus();
    seek(`#${CSS.escape(id)}`, HTMLDialogElement)?.showModal();
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element) closeMenus(event.target.closest("details.menu"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus();
  });
}

async function send(form: HTMLFormElement, api: string, live: Live): Promise<void> {
  const [method = "POST", path = "/"] = api.split(" ");
  const problem = seek(".problem", HTMLElement, form);
  const buttons = [...form.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  if (problem) problem.textContent = "";
  try {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const body = method === "DELETE" ? null : JSON.stringify(fieldsOf(form));
    const answer = await fetch(path, { method, headers, body });
    const said = await answer.text();
    if (!answer.ok) throw new Error(refusalText(said, answer.status));
    await then(form, said, live);
  } catch (error) {
    const words =
      error instanceof TypeError || !(error instanceof Error) ? refusalText("", 0) : error.message;
    // An alert is read out by itself.
    if (problem) problem.textContent = words;
    else announce(words);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

function fieldsOf(form: HTMLFormElement): Record<string, string | number> {
  const fields: Record<string, string | number> = {};
  for (const [name, value] of new FormData(form)) {
    if (typeof value !== "string" || value === "" || isAsItWas(form.elements.namedItem(name))) continue;
    const numeric = form.querySelector(`[name="${CSS.escape(name)}"][data-number]`) !== null;
    fields[name] = numeric ? Number(value) : value.trim();
  }
  return fields;
}

function isAsItWas(field: unknown): boolean {
  if (!(field instanceof HTMLSelectElement) || field.dataset["changed"] === undefined) return false;
  return field.selectedOptions[0]?.defaultSelected ?? true;
}

async function then(form: HTMLFormElement, said: string, live: Live): Promise<void> {
  const next = form.dataset["then"] ?? "refresh";
  reveal(form, said);
  if (next === "reload") return location.reload();
  if (next.startsWith("/")) return location.assign(next);
  if (form.dataset["reveals"] === undefined) form.closest("dialog")?.close();
  closeMenus();
  await live.refresh();
  announce(form.dataset["done"] ?? "Done");
}

/** A key is told once, so it stays on the page until its dialog is closed. */
function reveal(form: HTMLFormElement, said: string): void {
  const place = seek(`#${form.dataset["reveals"] ?? "none"}`, HTMLElement);
  const made = place && tryShape(MadeKey, parseJson(said));
  if (!place || !made) return;
  for (const field of place.querySelectorAll("input")) field.value = made.key;
  for (const button of place.querySelectorAll<HTMLElement>("[data-copy]")) button.dataset["copy"] = made.key;
  place.hidden = false;
  form.hidden = true;
  place.closest("dialog")?.addEventListener(
    "close",
    () => {
      for (const field of place.querySelectorAll("input")) field.value = "";
      place.hidden = true;
      form.hidden = false;
      form.reset();
    },
    { once: true },
  );
}

function closeMenus(but: Element | null = null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (menu !== but) menu.open = false;
  }
}
