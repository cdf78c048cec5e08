/** Data for the scripts of a page, as a JSON block: a browser never runs it, so the strict policy stays whole. */
import { raw } from "hono/html";

/** The only place where a page inserts text unescaped: `<` is written so that no value can end the block. */
export function JsonBlock({ id, value }: { id: string; value: unknown }) {
  return (
    <script type="application/json" id={id}>
      {raw(blockText(value))}
    </script>
  );
}

export function blockText(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replaceAll(">", "\\u003e")
    .replaceAll("&", "\\u0026")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}
