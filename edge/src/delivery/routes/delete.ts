/** The two doors of deletion: `/{slug}/delete`, which a form of ours posts to, and `/api/files/{slug}`. */
import type { Context } from "hono";
import { type AppEnv, createApp } from "../../http/app.ts";
import { rateLimit } from "../../http/rate-limit.ts";
import { deleteForEver, requireDeleteKey } from "../delete-file.ts";
import { openFile } from "../open-file.ts";
import { SLUG, visitOf } from "./user-bytes.ts";

export const deleteRoutes = createApp();

const FORM = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)/i;
/** A form with one key is a few hundred bytes. */
const MOST_FORM_BYTES = 10_000;

for (const path of [`/${SLUG}/delete`, `/api/files/${SLUG}`]) {
  deleteRoutes.on(["DELETE"], path, rateLimit("READ_LIMIT"), removeFile);
}
deleteRoutes.post(`/${SLUG}/delete`, rateLimit("READ_LIMIT"), removeFile);

async function removeFile(c: Context<AppEnv, string>): Promise<Response> {
  const visit = visitOf(c);
  const file = await openFile(visit.db, c.req.param("slug") ?? "");
  await requireDeleteKey(file, await deleteKey(c));
  await deleteForEver(visit, file, Date.now());
  c.get("logFields")["file"] = file.id;
  return isBrowserForm(c) ? c.redirect(`/${file.id}`, 303) : c.body(null, 204);
}

/** `?key=`, the header, or the field of our form. */
async function deleteKey(c: Context<AppEnv>): Promise<string | null> {
  const given = c.req.query("key") ?? c.req.header("x-delete-key");
  if (given !== undefined) return given;
  const length = Number(c.req.header("content-length") ?? Number.NaN);
  if (!FORM.test(c.req.header("content-type") ?? "") || !(length <= MOST_FORM_BYTES)) return null;
  const field = (await c.req.formData().catch(() => null))?.get("key");
  return typeof field === "string" ? field : null;
}

/** People get a page that says so; programs get 204. */
function isBrowserForm(c: Context<AppEnv>): boolean {
  return c.req.method === "POST" && (c.req.header("accept") ?? "").includes("text/html");
}
