/** The script of state pages: tries again by itself where the host said when, and drops what is gone. */
import { seek } from "./lib/dom.ts";
import { dropUpload } from "./lib/uploads.ts";

const again = seek("#again", HTMLAnchorElement);
const after = Number(again?.dataset["after"]);
if (after > 0) setTimeout(() => location.reload(), after * 1_000);
again?.addEventListener("click", (event) => {
  event.preventDefault();
  location.reload();
});

// Only where it is gone: a key that the host refuses, or was too busy to take, may be the right one the next time.
const [, id] = /^\/([^/.]+)/.exec(location.pathname) ?? [];
if (id !== undefined && seek("[data-gone]", HTMLElement)) dropUpload(id);
