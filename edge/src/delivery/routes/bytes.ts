/** Originals, stills, downloads and what players ask for beside the film: `/{slug}.{ext}`, `/{slug}/poster.jpg` … */
import type { Context } from "hono";
import { EMBED } from "../../catalog/record.ts";
import { findRendition } from "../../catalog/renditions.ts";
import type { Database } from "../../db/client.ts";
import type { RenditionKind } from "../../db/schema.ts";
import { type AppEnv, createApp } from "../../http/app.ts";
import { openFile } from "../open-file.ts";
import { servedOriginal } from "../original.ts";
import { placeholderAnswer, type Still } from "../placeholder.ts";
import { missingProduct, type Product, renamed, servedRendition } from "../rendition.ts";
import { serveObject } from "../serve-object.ts";
import { storyboardAnswer } from "../storyboard-answer.ts";
import { SLUG, userBytes, visitOf } from "./user-bytes.ts";

const STILLS = { thumbnail: "webp", preview: "webp", poster: "jpg" } as const satisfies Record<Still, string>;

interface Served {
  product: Product;
  kind: RenditionKind;
  name: string;
  /** Of a saved copy. */
  extension: string;
}

export const byteRoutes = createApp();

byteRoutes.get("/:name{[0-9A-Za-z]{10}\\.[0-9A-Za-z]+}", userBytes, async (c) => {
  const [slug = "", extension = ""] = c.req.param("name").split(".");
  const file = await openFile(c.get("db"), slug);
  return serveObject(visitOf(c), servedOriginal(file, extension, isDownload(c)));
});

for (const still of ["thumbnail", "preview", "poster"] as const) {
  const extension = STILLS[still];
  byteRoutes.get(`/${SLUG}/${still}.${extension}`, userBytes, async (c) => {
    const { file, row } = await openRendition(c.get("db"), c.req.param("slug"), still, still);
    const name = renamed(file.name, extension);
    const served = servedRendition(file, row, { name, download: isDownload(c) });
    return served ? serveObject(visitOf(c), served) : placeholderAnswer(file, still, c.req.method);
  });
}

const PRODUCTS: Record<string, Served> = {
  "video.mp4": { product: "mp4", kind: "mp4", name: "mp4", extension: "mp4" },
  "embed.mp4": { product: "embed", kind: "mp4", name: EMBED, extension: "mp4" },
  "audio.m4a": { product: "m4a", kind: "m4a", name: "m4a", extension: "m4a" },
  "waveform.json": { product: "waveform", kind: "waveform", name: "waveform", extension: "json" },
};

for (const [step, served] of Object.entries(PRODUCTS)) {
  byteRoutes.get(`/${SLUG}/${step}`, userBytes, (c) => serveProduct(c, served));
}

byteRoutes.get(`/${SLUG}/:step{text-[0-9]{1,3}\\.vtt}`, userBytes, (c) => {
  const name = c.req.param("step").slice(0, -".vtt".length);
  return serveProduct(c, { product: "subtitle", kind: "subtitle", name, extension: "vtt" });
});

byteRoutes.get(`/${SLUG}/:step{storyboard-[0-9]{1,3}\\.jpg}`, userBytes, (c) => {
  const name = c.req.param("step").slice("storyboard-".length, -".jpg".length);
  return serveProduct(c, { product: "storyboard", kind: "storyboard", name, extension: "jpg" });
});

byteRoutes.get(`/${SLUG}/storyboard.vtt`, userBytes, async (c) => {
  const visit = visitOf(c);
  return storyboardAnswer(visit, await openFile(visit.db, c.req.param("slug")));
});

async function serveProduct(c: Context<AppEnv, string>, { product, kind, name, extension }: Served) {
  const { file, row } = await openRendition(c.get("db"), c.req.param("slug") ?? "", kind, name);
  const saved = { name: renamed(file.name, extension), download: isDownload(c) };
  const served = servedRendition(file, row, saved);
  if (!served) throw missingProduct(file, product, row);
  return serveObject(visitOf(c), served);
}

/** Both at once; what the second finds counts for nothing where the first refuses. */
async function openRendition(db: Database, slug: string, kind: RenditionKind, name: string) {
  const [file, row] = await Promise.all([openFile(db, slug), findRendition(db, slug, kind, name)]);
  return { file, row };
}

/** `?download`, with or without a value, saves instead of showing. */
function isDownload(c: Context<AppEnv>): boolean {
  return c.req.query("download") !== undefined;
}
