/** Plays a folder of playlists in the system's Chromium with hls.js, and tells what it saw. For tests only. */
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";
import { z } from "zod";
import { findProgram } from "../ffmpeg/guard.ts";

const Seen = z.object({
  ended: z.boolean(),
  /** Seconds. */
  buffered: z.array(z.tuple([z.number(), z.number()])),
  duration: z.number(),
  frames: z.number(),
  errors: z.array(z.string()),
  /** How many rungs were played. */
  levels: z.number(),
});
export type Seen = z.infer<typeof Seen>;

/** Runs in the page: strings, since this side knows no DOM. */
const PLAYER = `async ({ address, switching }) => {
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  const errors = [];
  const hls = new Hls({ maxBufferLength: 600, maxMaxBufferLength: 600 });
  hls.on(Hls.Events.ERROR, (_, data) => {
    // hls.js tells so when a switch that we asked for ends a load it had begun: no fault of the film.
    if (switching && !data.fatal && data.details === Hls.ErrorDetails.INTERNAL_ABORTED) return;
    errors.push(data.details + (data.fatal ? " fatal" : ""));
  });
  video.addEventListener("error", () => errors.push(video.error.message));
  const levels = new Set();
  hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag }) => {
    if (frag.type !== "main") return;
    levels.add(frag.level);
    if (switching) hls.nextLoadLevel = (frag.level + 1) % hls.levels.length;
  });
  hls.loadSource(address);
  hls.attachMedia(video);
  const over = new Promise((resolve) => video.addEventListener("ended", () => resolve(true), { once: true }));
  await new Promise((resolve) => hls.once(Hls.Events.MANIFEST_PARSED, resolve));
  video.playbackRate = 2;
  await video.play();
  const late = new Promise((resolve) => setTimeout(() => resolve(false), 60000));
  const ended = await Promise.race([over, late]);
  const buffered = [];
  for (let at = 0; at < video.buffered.length; at++) buffered.push([video.buffered.start(at), video.buffered.end(at)]);
  return { ended, buffered, duration: video.duration, frames: video.getVideoPlaybackQuality().totalVideoFrames, errors, levels: levels.size };
}`;

/** `switching` takes each segment from another rung than the one before. */
export async function playInBrowser(folder: string, playlist: string, switching = false): Promise<Seen> {
  const library = createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js");
  const server = createServer((request, response) => {
    const name = basename(request.url ?? "/");
    if (name === "") {
      response.setHeader("content-type", "text/html").end('<script src="hls.min.js"></script>');
      return;
    }
    const path = name === "hls.min.js" ? library : join(folder, name);
    createReadStream(path)
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const executablePath =
    findProgram("chromium") ?? findProgram("chromium-browser") ?? findProgram("google-chrome");
  if (executablePath === null) throw new Error("Chromium is not installed.");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return Seen.parse(
      await page.evaluate(`(${PLAYER})(${JSON.stringify({ address: playlist, switching })})`),
    );
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}
