/** The script of state pages: tries again by itself where the host said when, and drops what was deleted. */
import { seek } from "./lib/dom.ts";
import { dropUpload } from "./lib/uploads.ts";

const again = seek("#again", HTMLAnchorElement);
const after = Number(again?.dataset["after"]);
if (after > 0) setTimeout(() => location.reload(), after * 1_000);
again?.addEventListener("click", (event) => {
  event.preventDefault();
  location.reload();
});

const deletes = seek("[data-deletes]", HTMLFormElement);
deletes?.addEventListener("submit", () => dropUpload(deletes.dataset["deletes"] ?? ""));
