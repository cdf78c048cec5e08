import { expect, test } from "vitest";
import { fileTags } from "./open-graph.ts";
import { ladderOf, ORIGIN, recordOf, renditionOf, streamOf } from "./testing/records.ts";
import type { RenditionView } from "./shared/record.ts";

function tagsOf(...given: Parameters<typeof fileTags>): Record<string, string> {
  return Object.fromEntries(
    fileTags(...given).map((tag) => ["property" in tag ? tag.property : tag.name, tag.content]),
  );
}
const page = `${ORIGIN}/Ab3dE9fGh1`;
const h264 = [streamOf("video", "h264")];

test("an mp4 nobody has looked at yet is already a video with a picture", () => {
  const tags = tagsOf(recordOf({ status: "processing" }), "video");
  expect(tags).toMatchObject({
    "og:type": "video.other",
    "og:title": "clip.mp4",
    "og:url": page,
    "og:video": `${page}.mp4`,
    "og:video:secure_url": `${page}.mp4`,
    "og:video:type": "video/mp4",
    "og:image": `${page}/poster.jpg`,
    "twitter:card": "summary_large_image",
    "theme-color": "#2451d6",
  });
  expect(tags).not.toHaveProperty("og:video:width");
});

test("what is known of its size is told", () => {
  const record = recordOf({ width: 1_920, height: 1_080, duration: 41, streams: h264 });
  expect(tagsOf(record, "video")).toMatchObject({
    "og:video:width": "1920",
    "og:video:height": "1080",
    "og:description": "12 MB · 1920 × 1080 · 0:41",
  });
});

test("the mp4 made for embeds is preferred once it is ready, never before", () => {
  const size = { width: 1_280, height: 720 };
  const made = renditionOf("mp4", "mp4", "ready", size);
  const renditions = [...ladderOf({ "720": "ready" }), made];
  expect(tagsOf(recordOf({ renditions }), "video")).toMatchObject({
    "og:video": made.url,
    "og:video:width": "1280",
  });
  const waiting = recordOf({ renditions: [renditionOf("mp4", "mp4", "waiting")] });
  expect(tagsOf(waiting, "video")["og:video"]).toBe(`${page}.mp4`);
});

test("of a large film the small one made for embeds is shown, once it is ready", () => {
  const whole = renditionOf("mp4", "mp4", "ready", { size: 300_000_000 });
  const small = renditionOf("mp4", "embed", "ready", { size: 48_000_000, width: 854, height: 480 });
  const shown = (renditions: RenditionView[]) => tagsOf(recordOf({ renditions }), "video")["og:video"];
  expect(shown([whole, small])).toBe(small.url);
  expect(shown([small, whole])).toBe(small.url);
  expect(shown([whole, { ...small, state: "waiting" }])).toBe(whole.url);
  expect(shown([{ ...whole, size: 20_000_000 }, small])).toBe(whole.url);
});

test("a codec that clients freeze on is not offered as a video", () => {
  const hevc = [streamOf("video", "hevc")];
  const tags = tagsOf(recordOf({ streams: hevc }), "video");
  expect(tags).not.toHaveProperty("og:video");
  expect(tags["og:type"]).toBe("website");
  expect(tagsOf(recordOf({ type: "video/x-matroska", raw_url: `${page}.mkv` }), "video")).not.toHaveProperty(
    "og:video",
  );
});

test("a picture shows itself where it is light and plain, else its preview", () => {
  const jpeg = { type: "image/jpeg", raw_url: `${page}.jpg`, name: "photo.jpg" };
  expect(tagsOf(recordOf({ ...jpeg, size: 800_000 }), "image")["og:image"]).toBe(`${page}.jpg`);
  const preview = renditionOf("preview", "preview", "ready");
  const heavy = recordOf({ ...jpeg, size: 20_000_000, renditions: [preview] });
  expect(tagsOf(heavy, "image")["og:image"]).toBe(preview.url);
  const heic = recordOf({ ...jpeg, type: "image/heic", status: "processing" });
  expect(tagsOf(heic, "image")["og:image"]).toBe(`${page}/preview.webp`);
});

test("what has no picture claims none", () => {
  const tags = tagsOf(recordOf({ type: "application/zip", name: "a.zip" }), "other");
  expect(tags).not.toHaveProperty("og:image");
  expect(tags["twitter:card"]).toBe("summary");
});
