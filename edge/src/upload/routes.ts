/** The doors in: `curl -T photo.jpg HOST/`, `curl -F file=@photo.jpg HOST/`, and the same two below /api/upload for ShareX. */
import type { Context } from "hono";
import type { FileRow } from "../catalog/files.ts";
import { markWorkSent } from "../catalog/outbox.ts";
import { coordinatorOf, toStoredFile } from "../coordinator/client.ts";
import { createApp, type AppEnv } from "../http/app.ts";
import { logLine } from "../http/log.ts";
import { decodeStep } from "../http/paths.ts";
import { rateLimit } from "../http/rate-limit.ts";
import { ownerScope, requireUploader } from "../identity/visitor.ts";
import { answerUpload } from "./answer.ts";
import type { Keeper } from "./keep-file.ts";
import { receiveForm, receiveRaw, type Received } from "./receive.ts";
import { placeOf } from "./shard-choice.ts";

export const uploadRoutes = createApp();

uploadRoutes.on(
  "PUT",
  ["/", "/:name", "/api/upload", "/api/upload/:name"],
  rateLimit("UPLOAD_LIMIT"),
  (c) => {
    const name = decodeStep(new URL(c.req.url).pathname.split("/").at(-1) ?? "");
    return receive(c, (keeper) => receiveRaw(keeper, c.req.raw, name));
  },
);

uploadRoutes.on("POST", ["/", "/api/upload"], rateLimit("UPLOAD_LIMIT"), (c) =>
  receive(c, (keeper) => receiveForm(keeper, c.req.raw)),
);

async function receive(c: Context<AppEnv>, work: (keeper: Keeper) => Promise<Received>): Promise<Response> {
  const { config, db, origin, requestId, visitor } = c.var;
  requireUploader(visitor, config);
  const receiving = work({
    env: c.env,
    config,
    db,
    owner: ownerScope(visitor),
    place: placeOf(c.req.raw.cf),
    warn: (message, fields) => logLine(config.logLevel, "warn", message, { request: requestId, ...fields }),
  });
  // Goes on when the sender is gone, so that what it left is cleared away.
  c.executionCtx.waitUntil(receiving.catch(() => {}));
  const { kept, refused } = await receiving;
  for (const { file, outboxId } of kept) {
    if (outboxId !== null) c.executionCtx.waitUntil(announce(c, file, outboxId));
  }
  c.set("logFields", { ...c.var.logFields, file: kept.map(({ file }) => file.id).join(" ") });
  const wishes = { accept: c.req.header("accept") ?? "", output: c.req.query("output") ?? null };
  const { status, type, body, location } = answerUpload(kept, refused, wishes, { origin, requestId });
  const headers = { "Content-Type": type, "Cache-Control": "no-store" };
  return c.body(body, status, location === undefined ? headers : { ...headers, Location: location });
}

/** Where this fails the outbox row stays unsent, and the sweep tells the coordinator within a minute. */
async function announce(c: Context<AppEnv>, file: FileRow, outboxId: string): Promise<void> {
  try {
    await coordinatorOf(c.env, file.pool).enqueueFile(file.id, outboxId, toStoredFile(file));
    await markWorkSent(c.var.db, [outboxId], Date.now());
  } catch (error) {
    logLine(c.var.config.logLevel, "warn", "the coordinator did not hear of an upload", {
      file: file.id,
      cause: String(error),
    });
  }
}
