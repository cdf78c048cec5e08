import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FileRow } from "../catalog/files.ts";
import { findFile, settleFile } from "../catalog/files.ts";
import { listRenditions } from "../catalog/renditions.ts";
import { unsentWork } from "../catalog/outbox.ts";
import { removeFileObjects } from "../storage/removal.ts";
import {
  DELETE_KEY,
  startTestEdge,
  storeBytes,
  storePlan,
  storeRectangle,
  storeRendition,
  type TestEdge,
  wantRendition,
} from "./testing/stored-files.ts";

const BYTES = Uint8Array.from({ length: 1_000 }, (_, at) => at % 251);
let edge: TestEdge;

beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge.stop());

const codeOf = async (answer: Response) => (await answer.json<{ error: { code: string } }>()).error.code;

describe("the record", () => {
  test("tells state, renditions and progress, and is never kept", async () => {
    const file = await storeBytes(edge, BYTES, { status: "processing" });
    await wantRendition(edge, file, "mp4", "video/mp4");
    await storeRendition(edge, file, "thumbnail", BYTES, "image/webp");
    const answer = await edge.get(`/api/files/${file.id}`);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const record = await answer.json();
    expect(record).toMatchObject({
      success: true,
      id: file.id,
      raw_url: `${edge.url}/${file.id}.mp4`,
      status: "processing",
      progress: { fraction: expect.any(Number), ranges: expect.any(Array) },
    });
    expect(record).not.toHaveProperty("delete_url");
    const states = (record as { renditions: { kind: string; state: string }[] }).renditions;
    expect(Object.fromEntries(states.map(({ kind, state }) => [kind, state]))).toEqual({
      mp4: "waiting",
      thumbnail: "ready",
    });
  });

  test("of nothing is a 404", async () => {
    for (const path of ["", "/events", "/video-sources"]) {
      const answer = await edge.get(`/api/files/0000000000${path}`);
      expect([path, answer.status, await codeOf(answer)]).toEqual([path, 404, "not_found"]);
    }
  });
});

interface ServerEvent {
  id: number;
  name: string;
  data: Record<string, unknown>;
}

/** Reads the stream to its end; what it says besides events goes to `said`. */
async function readEvents(answer: Response, said: string[] = []): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  let text = "";
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text
        .slice(0, end)
        .split("\n")
        .map((line) => /^(\w*): (.*)$/.exec(line)?.slice(1) ?? []);
      const fields = Object.fromEntries(lines) as Record<string, string>;
      text = text.slice(end + 2);
      if (fields["event"] === undefined) said.push(Object.keys(fields).join());
      else
        events.push({
          id: Number(fields["id"]),
          name: fields["event"],
          data: JSON.parse(fields["data"] ?? ""),
        });
    }
  }
  return events;
}

describe("events", () => {
  test("a file that is ready has one state and the end", async () => {
    const file = await storeBytes(edge, BYTES);
    const answer = await edge.get(`/api/files/${file.id}/events`, {
      headers: { "Last-Event-ID": "no such" },
    });
    expect(answer.headers.get("content-type")).toMatch(/^text\/event-stream/);
    expect(answer.headers.get("cache-control")).toContain("no-store");
    const events = await readEvents(answer);
    expect(events.map(({ name }) => name)).toEqual(["state", "end"]);
    expect(events[0]?.data).toMatchObject({ id: file.id, status: "ready" });
  });

  test("one in the making is followed to its end, by ids that grow", async () => {
    const file = await storeBytes(edge, BYTES, { status: "processing" });
    const answer = await edge.get(`/api/files/${file.id}/events`);
    const first = readEvents(answer);
    await settleFile(edge.db, file.id, "partial", "the source ends early");
    const events = await first;
    expect(events.at(-1)).toMatchObject({ name: "end", data: { status: "partial" } });
    expect(events.at(-2)?.data).toMatchObject({ status: "partial", reason: "the source ends early" });
    const ids = events.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  });

  test("while nothing happens it says so, and a deletion ends it", async () => {
    const file = await storeBytes(edge, BYTES, { status: "processing" });
    const said: string[] = [];
    const answer = await edge.get(`/api/files/${file.id}/events`);
    const all = readEvents(answer, said);
    await expect.poll(() => said.length, { timeout: 40_000 }).toBeGreaterThan(1);
    expect((await edge.get(`/api/files/${file.id}?key=${DELETE_KEY}`, { method: "DELETE" })).status).toBe(
      204,
    );
    expect((await all).at(-1)).toMatchObject({ name: "end", data: { deleted: true } });
  });
});

describe("video-sources", () => {
  test("names four ways to play, and which of them play now", async () => {
    const film = await storeBytes(edge, BYTES, { status: "processing" });
    const address = `/api/files/${film.id}/video-sources`;
    const none = { ready: false, size: null };
    expect(await (await edge.get(address)).json()).toMatchObject({
      success: true,
      original: { url: `${edge.url}/${film.id}.mp4`, ready: true, size: 1_000 },
      fast: { url: `${edge.url}/${film.id}/video.mp4`, ...none },
      hd: none,
      hls: { url: `${edge.url}/${film.id}/hls/master.m3u8`, ...none },
      prepare: { started: true },
    });
    const plan = await storePlan(edge, film);
    await storeRectangle(edge, plan, "480", [0]);
    await storeRendition(edge, film, "mp4", BYTES, "video/mp4");
    expect(await (await edge.get(address)).json()).toMatchObject({
      fast: { ready: true, size: 1_000 },
      hls: { ready: true },
    });
  });

  test("asking starts what the coordinator has never heard of", async () => {
    const lost = await storeBytes(edge, BYTES, { status: "processing" });
    const wanted = async () => {
      await edge.get(`/api/files/${lost.id}/video-sources`);
      return (await listRenditions(edge.db, lost.id)).map(({ kind }) => kind).toSorted();
    };
    expect(await wanted()).toEqual([]);
    await edge.db.run(sql`update files set stored_at = stored_at - 60000 where id = ${lost.id}`);
    await expect.poll(wanted, { timeout: 10_000 }).toEqual(["poster", "thumbnail"]);
  });
});

describe("deletion", () => {
  const film = async () => {
    const file = await storeBytes(edge, BYTES, { status: "processing" });
    const plan = await storePlan(edge, file);
    await storeRectangle(edge, plan, "480", [0, 1]);
    await storeRendition(edge, file, "thumbnail", BYTES, "image/webp");
    return { file, plan };
  };
  const objectsOf = async (file: FileRow) => {
    const lists = await Promise.all(
      ["o", "r"].map((top) => edge.bucket.list({ prefix: `${top}/${file.id}/` })),
    );
    return lists.flatMap(({ objects }) => objects).length;
  };

  test.each([
    { by: "DELETE of the record with ?key=", at: "api", method: "DELETE", query: true },
    { by: "DELETE of the record with the header", at: "api", method: "DELETE", query: false },
    { by: "DELETE of its own address", at: "page", method: "DELETE", query: true },
    { by: "POST to its own address", at: "page", method: "POST", query: false },
  ])(
    "$by answers 204, and from then on every address 410, without a byte left",
    async ({ at, method, query }) => {
      const { file, plan } = await film();
      const addresses = [
        `/${file.id}.mp4`,
        `/${file.id}/thumbnail.webp`,
        `/${file.id}/preview.webp`,
        `/${file.id}/poster.jpg`,
        `/${file.id}/video.mp4`,
        `/${file.id}/hls/master.m3u8`,
        `/${file.id}/hls/${plan.id}/480/index.m3u8`,
        `/${file.id}/hls/${plan.id}/480/init-0.mp4`,
        `/${file.id}/hls/${plan.id}/480/0.m4s`,
        `/api/files/${file.id}`,
        `/api/files/${file.id}/events`,
        `/api/files/${file.id}/video-sources`,
      ];
      // Seen before, so that the cache has what it may keep.
      for (const address of [addresses[1], addresses[7], addresses[8]]) {
        expect((await edge.get(address ?? "")).status).toBe(200);
      }
      const path = at === "api" ? `/api/files/${file.id}` : `/${file.id}/delete`;
      const gone = await edge.get(query ? `${path}?key=${DELETE_KEY}` : path, {
        method,
        headers: query ? {} : { "X-Delete-Key": DELETE_KEY },
      });
      expect([gone.status, await gone.text()]).toEqual([204, ""]);
      for (const address of addresses) {
        const answer = await edge.get(address);
        expect([address, answer.status]).toEqual([address, 410]);
        expect(answer.headers.get("cache-control")).toBe("no-store");
        expect(await answer.json()).toMatchObject({ success: false, error: { code: "gone" } });
      }
      expect((await edge.get(`${path}?key=${DELETE_KEY}`, { method })).status).toBe(410);
      await expect.poll(() => objectsOf(file), { timeout: 10_000 }).toBe(0);
      await expect
        .poll(
          async () =>
            (await unsentWork(edge.db, Date.now() + 1, 200)).some(({ fileId }) => fileId === file.id),
          {
            timeout: 10_000,
          },
        )
        .toBe(false);
    },
  );

  test("cached copies go too: what takes their place under the same keys is what is served", async () => {
    const { file, plan } = await film();
    const addresses = [`/${file.id}/thumbnail.webp`, `/${file.id}/hls/${plan.id}/480/1.m4s`];
    for (const address of addresses) await (await edge.get(address)).arrayBuffer();
    await edge.get(`/api/files/${file.id}?key=${DELETE_KEY}`, { method: "DELETE" });
    await expect.poll(() => objectsOf(file), { timeout: 10_000 }).toBe(0);
    await edge.db.run(sql`update files set state = 'stored' where id = ${file.id}`);
    await storePlan(edge, file);
    await storeRectangle(edge, plan, "480", [0, 1]);
    await storeRendition(edge, file, "thumbnail", BYTES, "image/webp");
    const { objects } = await edge.bucket.list({ prefix: `r/${file.id}/` });
    for (const { key, size } of objects) await edge.bucket.put(key, new Uint8Array(size).fill(77));
    const served = async () => {
      const answers = await Promise.all(
        addresses.map(async (address) => (await edge.get(address)).arrayBuffer()),
      );
      return answers.map((bytes) => new Uint8Array(bytes)[0]);
    };
    await expect.poll(served, { timeout: 10_000 }).toEqual([77, 77]);
  });

  test("takes the right key: none is 401, a wrong one 403, and the file stays", async () => {
    const { file } = await film();
    for (const [path, method] of [
      [`/${file.id}/delete`, "POST"],
      [`/api/files/${file.id}`, "DELETE"],
    ] as const) {
      const bare = await edge.get(path, { method });
      expect([bare.status, await codeOf(bare)]).toEqual([401, "unauthorized"]);
      expect((await edge.get(`${path}?key=wrong`, { method })).status).toBe(403);
      expect((await edge.get(`${path}?key=`, { method })).status).toBe(401);
    }
    expect((await edge.get(`/${file.id}.mp4`)).status).toBe(200);
    expect((await edge.get(`/0000000000/delete?key=${DELETE_KEY}`, { method: "POST" })).status).toBe(404);
  });

  test("by a browser's form ends on a page; from a foreign page it is refused", async () => {
    const { file } = await film();
    const body = new URLSearchParams({ key: DELETE_KEY });
    const headers = { Accept: "text/html", Origin: edge.url, "Sec-Fetch-Site": "same-origin" };
    const foreign = await edge.get(`/${file.id}/delete`, {
      method: "POST",
      body,
      headers: { ...headers, Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" },
    });
    expect(foreign.status).toBe(403);
    expect((await findFile(edge.db, file.id))?.state).toBe("stored");
    const own = await edge.get(`/${file.id}/delete`, { method: "POST", body, headers });
    expect([own.status, own.headers.get("location")]).toEqual([303, `/${file.id}`]);
  });

  test("a GET deletes nothing", async () => {
    const { file } = await film();
    await (await edge.get(`/${file.id}/delete?key=${DELETE_KEY}`)).arrayBuffer();
    expect((await edge.get(`/${file.id}.mp4`)).status).toBe(200);
  });

  test("removing objects again, or of nothing, does no harm and leaves others alone", async () => {
    const [one, other] = [await storeBytes(edge, BYTES), await storeBytes(edge, BYTES)];
    expect(await removeFileObjects(edge.bucket, one.id)).toBe(1);
    expect(await removeFileObjects(edge.bucket, one.id)).toBe(0);
    expect(await objectsOf(other)).toBe(1);
  });
});
