/** What became of a file's jobs, and further rungs, for its owner, who holds the delete key, and for the operator. */
import type { Context } from "hono";
import type { FileRow } from "../../catalog/files.ts";
import { requireDeleteKey } from "../../delivery/delete-file.ts";
import { openFile } from "../../delivery/open-file.ts";
import { progressNow, recordNow } from "../../delivery/record-now.ts";
import { SLUG, visitOf } from "../../delivery/routes/user-bytes.ts";
import { type AppEnv, createApp } from "../../http/app.ts";
import { Problem } from "../../http/problems.ts";
import { rateLimit } from "../../http/rate-limit.ts";
import { refused } from "../../identity/visitor.ts";
import { readBody } from "../desk.ts";
import { readFileJobs, retryFileJobs } from "../jobs.ts";
import { askRung, RungWish } from "../rungs.ts";
import { deskOf, FRESH } from "./operator-only.ts";

export const fileJobRoutes = createApp();

fileJobRoutes.get(`/api/files/${SLUG}/jobs`, rateLimit("READ_LIMIT"), async (c) => {
  const file = await ownFile(c, c.req.param("slug"));
  return c.json({ success: true, jobs: await readFileJobs(deskOf(c), file) }, 200, FRESH);
});

fileJobRoutes.post(`/api/files/${SLUG}/retry`, rateLimit("READ_LIMIT"), async (c) => {
  const file = await ownFile(c, c.req.param("slug"));
  return c.json({ success: true, retried: await retryFileJobs(deskOf(c), file) }, 200, FRESH);
});

/** 202 where it is to be made, 200 where the film has it, or has been asked for it. */
fileJobRoutes.post(`/api/files/${SLUG}/rungs`, rateLimit("READ_LIMIT"), async (c) => {
  const file = await ownFile(c, c.req.param("slug"));
  const { name } = await readBody(c.req.raw, RungWish);
  const asked = await askRung(deskOf(c), file, name, Date.now());
  const visit = visitOf(c);
  const now = await openFile(visit.db, file.id);
  const record = await recordNow(visit, now, await progressNow(visit, now));
  return c.json(record, asked ? 202 : 200, FRESH);
});

async function ownFile(c: Context<AppEnv>, slug: string): Promise<FileRow> {
  const file = await openFile(c.get("db"), slug);
  const visitor = c.get("visitor");
  if (visitor.kind === "operator") return file;
  const key = c.req.query("key") ?? c.req.header("x-delete-key") ?? "";
  if (key !== "") await requireDeleteKey(file, key);
  else throw keyless(visitor.refusal);
  return file;
}

function keyless(refusal: Parameters<typeof refused>[0]): Problem {
  if (refusal.reason === "wrong" || refusal.reason === "barred") return refused(refusal, Date.now());
  return new Problem("unauthorized", "This is for the file's owner.", {
    hint: "Send the file's delete key, from the answer to its upload, as ?key= or X-Delete-Key.",
  });
}
