/** Originals, stills and downloads: `/{slug}.{ext}`, `/{slug}/thumbnail.webp` and its fellows. */
import type { Context } from "hono";
import { findRendition } from "../../catalog/renditions.ts";
import type { Database } from "../../db/client.ts";
import { type AppEnv, createApp } from "../../http/app.ts";
import { openFile } from "../open-file.ts";
import { servedOriginal } from "../original.ts";
import { placeholderAnswer, type Still } from "../placeholder.ts";
import { missingDownload, renamed, servedRendition } from "../rendition.ts";
import { serveObject } from "../serve-object.ts";
import { SLUG, userBytes, visitOf } from "./user-bytes.ts";

const STILLS = { thumbnail: "webp", preview: "webp", poster: "jpg" } as const satisfies Record<Still, string>;

export const byteRoutes = createApp();

byteRoutes.get("/:name{[0-9A-Za-z]{10}\\.[0-9A-Za-z]+}", userBytes, async (c) => {
  const [slug = "", extension = ""] = c.req.param("name").split(".");
  const file = await openFile(c.get("db"), slug);
  return serveObject(visitOf(c), servedOriginal(file, extension, isDownload(c)));
});

for (const still of ["thumbnail", "preview", "poster"] as const) {
  const extension = STILLS[still];
  byteRoutes.get(`/${SLUG}/${still}.${extension}`, userBytes, async (c) => {
    const { file, row } = await openRendition(c.get("db"), c.req.param("slug"), still);
    const name = renamed(file.name, extension);
    const served = servedRendition(file, row, { name, download: isDownload(c) });
    return served ? serveObject(visitOf(c), served) : placeholderAnswer(file, still, c.req.method);
  });
}

for (const [step, kind] of [
  ["video.mp4", "mp4"],
  ["audio.m4a", "m4a"],
] as const) {
  byteRoutes.get(`/${SLUG}/${step}`, userBytes, async (c) => {
    const { file, row } = await openRendition(c.get("db"), c.req.param("slug"), kind);
    const served = servedRendition(file, row, { name: renamed(file.name, kind), download: isDownload(c) });
    if (!served) throw missingDownload(file, kind, row);
    return serveObject(visitOf(c), served);
  });
}

/** Both at once; what the second finds counts for nothing where the first refuses. */
async function openRendition(db: Database, slug: string, kind: Still | "mp4" | "m4a") {
  const [file, row] = await Promise.all([openFile(db, slug), findRendition(db, slug, kind, kind)]);
  return { file, row };
}

/** `?download`, with or without a value, saves instead of showing. */
function isDownload(c: Context<AppEnv>): boolean {
  return c.req.query("download") !== undefined;
}
