/** Deleting: offered to whoever uploaded the file from this browser and so has its key. */
import { currentRecord } from "../lib/current-record.ts";
import { refusalText } from "../lib/answers.ts";
import { find } from "../lib/dom.ts";
import { dropUpload, findUpload } from "../lib/uploads.ts";

export function startDeletion(): void {
  const { id } = currentRecord();
  const key = findUpload(id)?.deleteKey;
  if (!key) return;
  const dialog = find("#delete-dialog", HTMLDialogElement);
  const open = find("#delete", HTMLButtonElement);
  open.hidden = false;
  open.addEventListener("click", () => dialog.showModal());
  const confirm = find("#delete-confirm", HTMLButtonElement);
  confirm.addEventListener("click", () => {
    confirm.disabled = true;
    void deleteFile(id, key).finally(() => {
      confirm.disabled = false;
    });
  });
}

async function deleteFile(id: string, key: string): Promise<void> {
  const problem = find("#delete-problem", HTMLElement);
  problem.textContent = "";
  try {
    const headers = { "X-Delete-Key": key, Accept: "application/json" };
    const answer = await fetch(`/api/files/${id}`, { method: "DELETE", headers });
    if (!answer.ok && answer.status !== 410) {
      problem.textContent = refusalText(await answer.text(), answer.status);
      return;
    }
    dropUpload(id);
    // The server's own page says that it is gone, and says so to everybody else as well.
    location.reload();
  } catch {
    problem.textContent = refusalText("", 0);
  }
}
