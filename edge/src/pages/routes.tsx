/**
 * The pages: front page, file's page, delete confirmation. Reads the catalogue and asks the coordinator how far
 * it is; changes nothing. A state a page cannot show is thrown as a Problem and comes back as its page.
 */
import type { Context } from "hono";
import type { FileRow } from "../catalog/files.ts";
import { openFile } from "../delivery/open-file.ts";
import { progressNow, recordNow } from "../delivery/record-now.ts";
import { SLUG, visitOf } from "../delivery/routes/user-bytes.ts";
import type { Visit } from "../delivery/visit.ts";
import { type AppEnv, createApp } from "../http/app.ts";
import { pageHeaders } from "../http/headers.ts";
import { Problem } from "../http/problems.ts";
import { bucketOf } from "../storage/shards.ts";
import { deletePage } from "./delete-page.tsx";
import { filePage } from "./file-page.tsx";
import { fleetPageRoutes } from "./fleet/routes.tsx";
import { frontPage } from "./front-page.tsx";
import { TEXT_HEAD_BYTES, type TextHead, textHead } from "./stage-text.tsx";
import { readRecord } from "./shared/record.ts";

/** A page does not wait longer for the coordinator; its events bring the rest. Milliseconds. */
const PROGRESS_WAIT_MS = 250;

export const pageRoutes = createApp();

pageRoutes.route("/", fleetPageRoutes);

pageRoutes.get("/", (c) => {
  const { maxFileBytes, anonymousUploads } = c.get("config");
  return answer(c, frontPage({ origin: c.get("origin"), maxFileBytes, open: anonymousUploads }));
});

pageRoutes.get(`/${SLUG}`, async (c) => {
  const visit = visitOf(c);
  const file = await openFile(visit.db, c.req.param("slug"));
  const [record, text] = await Promise.all([recordSoon(visit, file), readText(visit, file)]);
  const operator = c.get("visitor").kind === "operator";
  const view = { record: readRecord(record), kind: file.kind, text, uploadedAt: file.createdAt, operator };
  return answer(c, filePage(view));
});

pageRoutes.get(`/${SLUG}/delete`, async (c) => {
  const file = await openFile(c.get("db"), c.req.param("slug"));
  const key = c.req.query("key");
  if (!key) {
    throw new Problem("malformed", "This link lacks the key that deletes the file.", {
      hint: "Open the whole delete link from the answer to the upload; it ends in ?key=…",
    });
  }
  return answer(c, deletePage(file, key));
});

function answer(c: Context<AppEnv>, body: ReturnType<typeof frontPage>) {
  const { mediaOrigin } = c.get("config");
  return c.html(body, 200, { ...pageHeaders({ mediaOrigin }), "Cache-Control": "no-cache" });
}

/** The page is worth more than its progress line: without a quick answer it says what the catalogue knows. */
async function recordSoon(visit: Visit, file: FileRow) {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), PROGRESS_WAIT_MS));
  return recordNow(visit, file, await Promise.race([progressNow(visit, file), late]));
}

async function readText(visit: Visit, file: FileRow): Promise<TextHead | null> {
  if (file.kind !== "text") return null;
  const range = { offset: 0, length: Math.min(TEXT_HEAD_BYTES, file.size) };
  if (range.length === 0) return { text: "", cut: false };
  const object = await bucketOf(visit.env, file.shard).get(file.objectKey, { range });
  return object === null ? null : textHead(await object.arrayBuffer(), file.size);
}
