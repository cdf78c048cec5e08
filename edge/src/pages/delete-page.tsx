/** The page behind `delete_url`: asks once more, since a link must never delete by being opened. */
import type { FileRow } from "../catalog/files.ts";
import { Icon } from "./icons.tsx";
import { page } from "./layout.tsx";
import { SITE_NAME } from "./open-graph.ts";
import { formatBytes } from "./shared/format.ts";

export function deletePage(file: Pick<FileRow, "id" | "name" | "size">, key: string) {
  return page(
    { title: `Delete ${file.name}? · ${SITE_NAME}` },
    <section class="state">
      <Icon name="trash" />
      <h1>Delete this file?</h1>
      <p>
        <strong class="file-name">{file.name}</strong>, {formatBytes(file.size)}. It goes with everything made
        from it, and its link answers “deleted” from then on. This cannot be undone.
      </p>
      <form class="state-actions" method="post" action={`/${file.id}/delete`}>
        <input type="hidden" name="key" value={key} />
        <button class="button danger" type="submit">
          Delete for ever
        </button>
        <a class="button" href={`/${file.id}`}>
          Keep it
        </a>
      </form>
    </section>,
  );
}
