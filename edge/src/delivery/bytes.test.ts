import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FileRow } from "../catalog/files.ts";
import { markRenditions } from "../catalog/renditions.ts";
import {
  startTestEdge,
  storeBytes,
  storeRendition,
  type TestEdge,
  wantRendition,
} from "./testing/stored-files.ts";

const BYTES = Uint8Array.from({ length: 5_000 }, (_, at) => at % 251);
let edge: TestEdge;
let clip: FileRow;

beforeAll(async () => {
  edge = await startTestEdge();
  clip = await storeBytes(edge, BYTES, { name: 'Ferien "am" Meer ☀.mp4' });
});
afterAll(() => edge.stop());

const bytesOf = async (answer: Response) => new Uint8Array(await answer.arrayBuffer());
const ask = (headers: Record<string, string>, method = "GET") =>
  edge.get(`/${clip.id}.mp4`, { headers, method });

describe("the original", () => {
  test("comes whole, with its hash as a strong validator, playable in place", async () => {
    const answer = await ask({});
    expect(answer.status).toBe(200);
    expect(await bytesOf(answer)).toEqual(BYTES);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "video/mp4",
      "content-length": "5000",
      "accept-ranges": "bytes",
      etag: `"${clip.sha256}"`,
      "cache-control": "public, max-age=300, must-revalidate, no-transform",
      "content-disposition": `inline; filename="Ferien _am_ Meer _.mp4"; filename*=UTF-8''Ferien%20%22am%22%20Meer%20%E2%98%80.mp4`,
      "content-security-policy":
        "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin",
      "access-control-allow-origin": "*",
    });
    expect(answer.headers.get("last-modified")).toMatch(/GMT$/);
    expect(answer.headers.get("x-request-id")).toBeTruthy();
  });

  test("HEAD tells the same headers and sends nothing", async () => {
    const [head, get] = await Promise.all([ask({}, "HEAD"), ask({})]);
    expect(head.status).toBe(200);
    expect((await bytesOf(head)).length).toBe(0);
    for (const name of ["content-length", "etag", "content-type", "accept-ranges", "last-modified"]) {
      expect(head.headers.get(name), name).toBe(get.headers.get(name));
    }
    await get.arrayBuffer();
  });

  test("every range is the same slice as that of an array", async () => {
    const place = fc.nat(6_000);
    await fc.assert(
      fc.asyncProperty(place, fc.option(place), async (first, last) => {
        const answer = await ask({ Range: `bytes=${first}-${last ?? ""}` });
        const expected = BYTES.slice(first, (last ?? BYTES.length) + 1);
        expect(answer.status).toBe(expected.length > 0 ? 206 : 416);
        const to = first + expected.length - 1;
        expect(answer.headers.get("content-range")).toBe(
          expected.length > 0 ? `bytes ${first}-${to}/5000` : "bytes */5000",
        );
        const got = await bytesOf(answer);
        if (expected.length > 0) expect(got).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    { ask: "the last bytes", headers: { Range: "bytes=-5" }, status: 206, length: 5 },
    { ask: "more last bytes than there are", headers: { Range: "bytes=-9000" }, status: 206, length: 5_000 },
    { ask: "two ranges", headers: { Range: "bytes=0-1,4-5" }, status: 200, length: 5_000 },
    { ask: "another unit", headers: { Range: "lines=0-1" }, status: 200, length: 5_000 },
    {
      ask: "a part of what has changed",
      headers: { Range: "bytes=0-1", "If-Range": '"old"' },
      status: 200,
      length: 5_000,
    },
  ])("$ask: $status", async ({ headers, status, length }) => {
    const answer = await ask(headers);
    expect(answer.status).toBe(status);
    expect((await bytesOf(answer)).length).toBe(length);
    expect(answer.headers.get("content-length")).toBe(String(length));
  });

  test("what has not changed is not sent again, nor a range of it", async () => {
    const etag = `"${clip.sha256}"`;
    for (const headers of [{ "If-None-Match": etag }, { "If-None-Match": etag, Range: "bytes=0-9" }]) {
      const answer = await ask(headers);
      expect(answer.status).toBe(304);
      expect(answer.headers.get("etag")).toBe(etag);
      expect(answer.headers.get("cache-control")).toContain("max-age=300");
      expect((await bytesOf(answer)).length).toBe(0);
    }
  });

  test("a part whose validator still holds is sent", async () => {
    const answer = await ask({ Range: "bytes=10-19", "If-Range": `"${clip.sha256}"` });
    expect(answer.status).toBe(206);
    expect(await bytesOf(answer)).toEqual(BYTES.slice(10, 20));
  });

  test("?download saves it", async () => {
    for (const query of ["?download", "?download=1"]) {
      const answer = await edge.get(`/${clip.id}.mp4${query}`, { method: "HEAD" });
      expect(answer.headers.get("content-disposition")).toMatch(/^attachment;/);
    }
  });

  test("an empty file is served", async () => {
    const empty = await storeBytes(edge, new Uint8Array(0), {
      name: "none.txt",
      extension: "txt",
      type: "text/plain",
      kind: "text",
    });
    // The local edge would pack text for whoever takes gzip, even none at all.
    const answer = await edge.get(`/${empty.id}.txt`, { headers: { "Accept-Encoding": "identity" } });
    expect([answer.status, answer.headers.get("content-length"), await answer.text()]).toEqual([
      200,
      "0",
      "",
    ]);
    expect((await edge.get(`/${empty.id}.txt`, { headers: { Range: "bytes=0-" } })).status).toBe(416);
  });

  test.each([
    { type: "image/svg+xml", extension: "svg", shown: "attachment" },
    { type: "text/html", extension: "html", shown: "attachment" },
    { type: "application/pdf", extension: "pdf", shown: "attachment" },
    { type: "application/octet-stream", extension: "bin", shown: "attachment" },
    { type: "image/png", extension: "png", shown: "inline" },
    { type: "text/plain", extension: "txt", shown: "inline" },
  ])("$type is served as $shown, in a sandbox without scripts", async ({ type, extension, shown }) => {
    const file = await storeBytes(edge, BYTES, { name: `a.${extension}`, extension, type, kind: "other" });
    const answer = await edge.get(`/${file.id}.${extension}`, { method: "HEAD" });
    expect(answer.headers.get("content-disposition")).toMatch(new RegExp(`^${shown};`));
    expect(answer.headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
    expect(answer.headers.get("content-type")).toMatch(
      new RegExp(`^${type.replace("+", "\\+")}(; charset=utf-8)?$`),
    );
  });

  test("whatever the status, the answer is harmless", async () => {
    const lost = await storeBytes(edge, BYTES);
    await edge.bucket.delete(lost.objectKey);
    const answers = {
      200: await ask({}),
      206: await ask({ Range: "bytes=0-1" }),
      304: await ask({ "If-None-Match": "*" }),
      416: await ask({ Range: "bytes=9000-" }),
      404: await edge.get("/0000000000.mp4"),
      503: await edge.get(`/${lost.id}.mp4`),
    };
    for (const [status, answer] of Object.entries(answers)) {
      expect(answer.status).toBe(Number(status));
      expect(answer.headers.get("x-content-type-options"), status).toBe("nosniff");
      expect(answer.headers.get("referrer-policy"), status).toBe("no-referrer");
      expect(answer.headers.get("cross-origin-resource-policy"), status).toBe("cross-origin");
      expect(answer.headers.get("content-security-policy"), status).toMatch(/^default-src 'none'/);
      expect(answer.headers.get("set-cookie"), status).toBeNull();
      await answer.arrayBuffer();
    }
    expect(answers[503].headers.get("retry-after")).toBeTruthy();
  });

  test("another extension is a 404 that names the right one", async () => {
    const answer = await edge.get(`/${clip.id}.mov`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      success: false,
      error: { hint: `Its address is /${clip.id}.mp4` },
    });
  });
});

describe("stills and downloads", () => {
  test("before a still is made a picture of the kind stands in, and nobody keeps it", async () => {
    const file = await storeBytes(edge, BYTES, { status: "processing" });
    await wantRendition(edge, file, "thumbnail", "image/webp");
    for (const [step, type, magic] of [
      ["thumbnail.webp", "image/webp", "RIFF"],
      ["poster.jpg", "image/jpeg", "\xff\xd8"],
    ] as const) {
      const answer = await edge.get(`/${file.id}/${step}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.headers.get("content-type")).toBe(type);
      expect(
        Buffer.from(await bytesOf(answer))
          .toString("latin1")
          .startsWith(magic),
      ).toBe(true);
    }
    expect((await edge.get(`/${file.id}/preview.webp`)).status).toBe(404);
  });

  test("once made it is served with a validator", async () => {
    const file = await storeBytes(edge, BYTES);
    await storeRendition(edge, file, "thumbnail", BYTES.slice(0, 300), "image/webp");
    const answer = await edge.get(`/${file.id}/thumbnail.webp`);
    expect(answer.headers.get("cache-control")).toBe("public, max-age=3600, must-revalidate, no-transform");
    expect(await bytesOf(answer)).toEqual(BYTES.slice(0, 300));
    const again = await edge.get(`/${file.id}/thumbnail.webp`, {
      headers: { "If-None-Match": answer.headers.get("etag") ?? "" },
    });
    expect(again.status).toBe(304);
  });

  test.each([
    { of: "a small one", length: 5_000 },
    { of: "one read as a stream", length: 5 * 1_024 * 1_024 },
  ])("a rendition is kept by the cache, whole and in ranges: $of", async ({ length }) => {
    const bytes = Uint8Array.from({ length }, (_, at) => at % 241);
    const file = await storeBytes(edge, BYTES);
    await storeRendition(edge, file, "mp4", bytes, "video/mp4");
    const range = { headers: { Range: `bytes=${length - 10}-` } };
    const first = await edge.get(`/${file.id}/video.mp4`, range);
    expect(await bytesOf(first)).toEqual(bytes.slice(-10));
    // Served without the shard once it is kept: only the cache can have it then.
    const key = `r/${file.id}/mp4-v1/all/1-n/mp4`;
    const servedWithout = async () => {
      await edge.bucket.delete(key);
      const { status } = await edge.get(`/${file.id}/video.mp4`, range);
      if (status === 503) {
        await edge.bucket.put(key, bytes);
        await (await edge.get(`/${file.id}/video.mp4`, range)).arrayBuffer();
      }
      return status;
    };
    await expect.poll(servedWithout, { timeout: 20_000 }).toBe(206);
    const part = await edge.get(`/${file.id}/video.mp4`, { headers: { Range: "bytes=100-199" } });
    expect(part.headers.get("content-range")).toBe(`bytes 100-199/${length}`);
    expect(await bytesOf(part)).toEqual(bytes.slice(100, 200));
    const whole = await edge.get(`/${file.id}/video.mp4`);
    expect(whole.status).toBe(200);
    expect(Buffer.compare(await bytesOf(whole), bytes)).toBe(0);
    expect(whole.headers.get("content-disposition")).toContain('filename="clip.mp4"');
  });

  test("an mp4 that is coming is a 503 with a time, one that is not a 404 with its reason", async () => {
    const coming = await storeBytes(edge, BYTES, { status: "processing" });
    const soon = await edge.get(`/${coming.id}/video.mp4`);
    expect([soon.status, soon.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await soon.json()).toMatchObject({ error: { code: "unavailable", retryable: true } });

    // Its other renditions may still be in the making.
    const failed = await storeBytes(edge, BYTES, { status: "processing" });
    await wantRendition(edge, failed, "mp4", "video/mp4");
    await markRenditions(edge.db, failed.id, "mp4", ["mp4"], "failed", "the source ends early", Date.now());
    const never = await edge.get(`/${failed.id}/video.mp4`);
    expect(never.status).toBe(404);
    expect(await never.text()).toContain("the source ends early");
    expect((await edge.get(`/${coming.id}/audio.m4a`)).status).toBe(404);
  });

  test("what is not there to be changed says which methods it takes", async () => {
    const answer = await edge.get(`/${clip.id}/thumbnail.webp`, { method: "POST" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("with a host of its own for bytes", () => {
  test("the app's host redirects there, query and all, and that host serves", async () => {
    const apart = await startTestEdge({ MEDIA_ORIGIN: "http://bytes.example" });
    try {
      const file = await storeBytes(apart, BYTES);
      const away = await apart.get(`/${file.id}.mp4?download`);
      expect([away.status, away.headers.get("location")]).toEqual([
        302,
        `http://bytes.example/${file.id}.mp4?download`,
      ]);
      expect(away.headers.get("access-control-allow-origin")).toBe("*");
      expect((await apart.get(`/api/files/${file.id}`)).status).toBe(200);
    } finally {
      await apart.stop();
    }
  });
});
