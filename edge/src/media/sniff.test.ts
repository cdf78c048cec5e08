import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { HEAD_BYTES, sniff } from "./sniff.ts";

const folder = mkdtempSync(join(tmpdir(), "capcloud-sniff-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const VIDEO = ["-f", "lavfi", "-i", "testsrc=size=128x72:rate=10:duration=1"];
const AUDIO = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1"];

/** What ffmpeg writes with these arguments. */
function made(name: string, ...args: string[]): Uint8Array {
  const path = join(folder, name);
  execFileSync("ffmpeg", ["-v", "error", "-y", ...args, path]);
  return readFileSync(path).subarray(0, HEAD_BYTES);
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

describe("what ffmpeg and sharp make is known by its bytes, under a misleading name", () => {
  const h264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p"];
  test.each([
    ["a.mp4", [...VIDEO, ...h264], "video/mp4", "mp4", "video", true],
    ["faststart.mp4", [...VIDEO, ...h264, "-movflags", "+faststart"], "video/mp4", "mp4", "video", true],
    [
      "fragments.mp4",
      [...VIDEO, ...h264, "-movflags", "+frag_keyframe+empty_moov"],
      "video/mp4",
      "mp4",
      "video",
      true,
    ],
    ["a.m4v", [...VIDEO, ...h264, "-f", "ipod"], "video/mp4", "mp4", "video", true],
    ["a.mov", [...VIDEO, ...h264], "video/quicktime", "mov", "video", false],
    ["a.3gp", [...VIDEO, ...h264], "video/3gpp", "3gp", "video", false],
    ["a.webm", [...VIDEO, "-c:v", "libvpx"], "video/webm", "webm", "video", true],
    ["a.mkv", [...VIDEO, ...h264], "video/x-matroska", "mkv", "video", false],
    ["a.avi", [...VIDEO, "-c:v", "mpeg4"], "video/x-msvideo", "avi", "video", false],
    ["a.ts", [...VIDEO, ...h264], "video/mp2t", "ts", "video", false],
    ["a.m2ts", [...VIDEO, ...h264], "video/mp2t", "ts", "video", false],
    ["a.mpg", [...VIDEO, "-r", "25", "-c:v", "mpeg2video"], "video/mpeg", "mpg", "video", false],
    ["a.flv", [...VIDEO, "-c:v", "flv1"], "video/x-flv", "flv", "video", false],
    ["a.wmv", [...VIDEO], "video/x-ms-wmv", "wmv", "video", false],
    ["a.ogv", [...VIDEO, "-c:v", "libtheora"], "video/ogg", "ogv", "video", false],
    ["a.ogg", [...AUDIO, "-c:a", "libvorbis"], "audio/ogg", "ogg", "audio", true],
    ["a.opus", [...AUDIO, "-c:a", "libopus"], "audio/ogg", "ogg", "audio", true],
    ["tagged.mp3", [...AUDIO, "-metadata", "title=x"], "audio/mpeg", "mp3", "audio", true],
    ["bare.mp3", [...AUDIO, "-id3v2_version", "0", "-write_xing", "0"], "audio/mpeg", "mp3", "audio", true],
    [
      "low.mp3",
      [...AUDIO, "-ar", "22050", "-id3v2_version", "0", "-write_xing", "0"],
      "audio/mpeg",
      "mp3",
      "audio",
      true,
    ],
    ["a.aac", [...AUDIO], "audio/aac", "aac", "audio", true],
    ["a.flac", [...AUDIO], "audio/flac", "flac", "audio", true],
    ["a.wav", [...AUDIO], "audio/wav", "wav", "audio", true],
    ["a.aiff", [...AUDIO], "audio/aiff", "aiff", "audio", true],
    ["a.m4a", [...AUDIO], "audio/mp4", "m4a", "audio", true],
    ["sound-only.mp4", [...AUDIO, "-movflags", "+faststart"], "audio/mp4", "m4a", "audio", true],
    ["sound-only.webm", [...AUDIO, "-c:a", "libopus"], "audio/webm", "weba", "audio", true],
    ["sound-only.mkv", [...AUDIO, "-c:a", "flac"], "audio/x-matroska", "mka", "audio", true],
    ["a.au", [...AUDIO], "audio/basic", "au", "audio", true],
    ["a.caf", [...AUDIO], "audio/x-caf", "caf", "audio", true],
    ["a.jpg", [...VIDEO, "-frames:v", "1"], "image/jpeg", "jpg", "image", true],
    ["a.png", [...VIDEO, "-frames:v", "1"], "image/png", "png", "image", true],
    ["a.bmp", [...VIDEO, "-frames:v", "1"], "image/bmp", "bmp", "image", true],
    ["a.tiff", [...VIDEO, "-frames:v", "1"], "image/tiff", "tiff", "image", true],
    ["a.ico", [...VIDEO, "-frames:v", "1"], "image/x-icon", "ico", "image", true],
    ["still.gif", [...VIDEO, "-frames:v", "1"], "image/gif", "gif", "image", true],
    ["moving.gif", [...VIDEO], "image/gif", "gif", "animation", true],
    [
      "big.gif",
      ["-f", "lavfi", "-i", "nullsrc=s=400x400:d=0.3:r=10,geq=random(1)*255:128:128"],
      "image/gif",
      "gif",
      "animation",
      true,
    ],
    ["moving.webp", [...VIDEO, "-c:v", "libwebp_anim"], "image/webp", "webp", "animation", true],
    ["moving.apng", [...VIDEO, "-f", "apng"], "image/png", "png", "animation", true],
  ] as const)("%s", (name, args, type, extension, kind, inline) => {
    expect(sniff(made(name, ...args), "misleading.exe")).toEqual({ type, extension, kind, inline });
  });

  test.each(["jpeg", "png", "webp", "avif", "gif", "tiff"] as const)(
    "a still %s by sharp",
    async (format) => {
      const picture = sharp({ create: { width: 64, height: 64, channels: 3, background: "teal" } });
      const sniffed = sniff(await picture.toFormat(format).toBuffer(), "x");
      expect(sniffed).toMatchObject({ type: `image/${format}`, kind: "image", inline: true });
    },
  );

  test("HEIC by its brands", () => {
    const box = [0, 0, 0, 24, ...text("ftypheic"), 0, 0, 0, 0, ...text("mif1heic")];
    expect(sniff(new Uint8Array(box), "IMG_1.jpg")).toMatchObject({ type: "image/heic", kind: "image" });
  });

  test("AMR by its mark", () => {
    expect(sniff(text("#!AMR\n<..."), "x")).toMatchObject({ type: "audio/amr", kind: "audio" });
  });
});

describe("text, and what only looks like something else", () => {
  test.each([
    ["a note", "note.txt", "text/plain", "txt", true],
    ["fn main() {}\n", "main.rs", "text/plain", "rs", true],
    ["grüße, 漢字 🎉", "x", "text/plain", "txt", true],
    // Lists that make players open other addresses are text, whatever they call themselves.
    ["#EXTM3U\n#EXT-X-VERSION:3\n/etc/passwd\n", "film.mp4", "text/plain", "txt", true],
    ["\uFEFF#EXTM3U\n", "film.avi", "text/plain", "txt", true],
    ["ffconcat version 1.0\nfile /etc/passwd\n", "film.mkv", "text/plain", "txt", true],
    [
      '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">',
      "film.mp4",
      "text/xml",
      "xml",
      false,
    ],
    ["<MPD>", "film.mp4", "text/xml", "xml", false],
    ["<!DOCTYPE html><script>alert(1)</script>", "photo.jpg", "text/html", "html", false],
    ["  <!-- x --><html >", "photo.jpg", "text/html", "html", false],
    ["<script>alert(1)</script>", "photo.png", "text/html", "html", false],
    [
      '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
      "photo.png",
      "image/svg+xml",
      "svg",
      false,
    ],
    ['<?xml version="1.0"?><!-- c --><svg:svg/>', "photo.png", "image/svg+xml", "svg", false],
    [
      '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">',
      "a.jpg",
      "application/xhtml+xml",
      "xhtml",
      false,
    ],
    ['<?xml version="1.0"?><note/>', "a", "text/xml", "xml", false],
    ['{"a": 1}', "a", "application/json", "json", false],
    ["[not json", "a", "text/plain", "txt", true],
  ])("%j named %s", (content, name, type, extension, inline) => {
    expect(sniff(text(content), name)).toMatchObject({ type, extension, inline });
  });

  test("HTML in UTF-16 is HTML", () => {
    const letters = "\uFEFF<html>"
      .split("")
      .flatMap((letter) => [letter.charCodeAt(0) & 255, letter.charCodeAt(0) >> 8]);
    expect(sniff(new Uint8Array(letters), "a.txt")).toMatchObject({ type: "text/html", inline: false });
  });

  test("a character cut by the end of the head does not make text unknown", () => {
    const long = text("é".repeat(HEAD_BYTES)).subarray(0, HEAD_BYTES - 1);
    expect(sniff(long, "a.txt", false).type).toBe("text/plain");
  });
});

describe("other formats", () => {
  test("a PDF, also after some rubbish", () => {
    expect(sniff(text("\n\n%PDF-1.7\n"), "a.jpg")).toEqual({
      type: "application/pdf",
      extension: "pdf",
      kind: "document",
      inline: false,
    });
  });

  test("ZIP, and what is told apart inside of it", () => {
    const zip = (first: string) =>
      new Uint8Array([0x50, 0x4b, 3, 4, ...Array.from({ length: 26 }, () => 0), ...text(first)]);
    expect(sniff(zip("a.txt"), "a.docx").type).toBe("application/zip");
    expect(sniff(zip("[Content_Types].xml"), "a.docx").extension).toBe("docx");
    expect(sniff(zip("mimetypeapplication/epub+zip"), "a.zip").extension).toBe("epub");
  });

  test("gzip, and bytes that nobody knows", () => {
    expect(sniff(new Uint8Array([0x1f, 0x8b, 8, 0]), "a.jpg")).toMatchObject({
      type: "application/gzip",
      extension: "gz",
    });
    const unknown = new Uint8Array([0, 1, 2, 3, 200, 201]);
    expect(sniff(unknown, "a.weird")).toEqual({
      type: "application/octet-stream",
      extension: "weird",
      kind: "other",
      inline: false,
    });
    expect(sniff(unknown, "none").extension).toBe("bin");
  });

  test("two bytes that look like an MP3 are not enough", () => {
    expect(sniff(new Uint8Array([0xff, 0xfb, 0x90, 0x00, 1, 2, 3]), "a.mp3").kind).toBe("other");
  });
});
