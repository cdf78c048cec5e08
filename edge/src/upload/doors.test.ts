/** What an upload answers and keeps, by every door, as curl and the drop-in clients use them. */
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startUploadEdge, type UploadEdge } from "./testing/upload-edge.ts";

const MIB = 1_024 * 1_024;
let house: UploadEdge;
const at = (name: string) => join(house.dataDir, name);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Sizes around the steps of both doors: the read-ahead, one part, several parts. */
const SIZES = [1, 65_536, MIB - 1, MIB, MIB + 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 20 * MIB];
const samples = new Map(SIZES.map((size) => [size, randomBytes(size)]));

beforeAll(async () => {
  house = await startUploadEdge();
  await writeFile(at("a.txt"), "hello\n");
  execFileSync("ffmpeg", [
    "-v",
    "error",
    "-f",
    "lavfi",
    "-i",
    "testsrc=d=1:s=64x64",
    "-frames:v",
    "1",
    at("photo.png"),
  ]);
  for (const [size, bytes] of samples) await writeFile(at(`s${size}`), bytes);
});
afterAll(() => house.stop());

async function original(id: string): Promise<{ bytes: Buffer; metadata: Record<string, string> }> {
  const row = await (
    await house.edge.database()
  )
    .prepare("SELECT shard, object_key FROM files WHERE id = ?")
    .bind(id)
    .first<{ shard: string; object_key: string }>();
  const object = await (await house.edge.bucket(row?.shard ?? "")).get(row?.object_key ?? "");
  if (object === null) throw new Error("the original is not there");
  return { bytes: Buffer.from(await object.arrayBuffer()), metadata: object.customMetadata ?? {} };
}

describe("every byte arrives, and its hash is told", () => {
  test.each(SIZES)("%d bytes by both doors, with the same ETag", async (size) => {
    const bytes = samples.get(size) ?? Buffer.alloc(0);
    const hash = sha256(bytes);
    const raw = await house.curl("-T", at(`s${size}`), `${house.url}/`);
    const form = await house.curl("-F", `file=@${at(`s${size}`)}`, `${house.url}/`);
    const tags: (string | null)[] = [];
    for (const { status, json } of [raw, form]) {
      expect(status).toBe(200);
      expect(json).toMatchObject({ success: true, size, hash: `sha256:${hash}` });
      expect(sha256((await original(String(json["id"]))).bytes)).toBe(hash);
      const download = await fetch(String(json["raw_url"]));
      expect(sha256(Buffer.from(await download.arrayBuffer()))).toBe(hash);
      tags.push(download.headers.get("etag"));
    }
    expect(tags).toEqual([`"${hash}"`, `"${hash}"`]);
    expect((await house.holdings()).multiparts).toBe(0);
  });
});

describe("the answer", () => {
  test("has all that the contract and the drop-in clients look for", async () => {
    const { status, json } = await house.curl("-T", at("photo.png"), `${house.url}/`);
    const id = String(json["id"]);
    expect(status).toBe(200);
    expect(id).toMatch(/^[0-9A-Za-z]{10}$/);
    const deleteUrl = expect.stringMatching(
      new RegExp(`^${house.url}/${id}/delete\\?key=[A-Za-z0-9_-]{43}$`),
    );
    const job = expect.stringMatching(/^main\.[0-9A-HJKMNP-TV-Z]{26}$/);
    const common = {
      hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      type: "image/png",
      size: expect.any(Number),
    };
    expect(json).toEqual({
      ...common,
      success: true,
      id,
      uuid: id,
      name: "photo.png",
      url: `${house.url}/${id}`,
      raw_url: `${house.url}/${id}.png`,
      thumbnail_url: `${house.url}/${id}/thumbnail.webp`,
      delete_url: deleteUrl,
      message: expect.any(String),
      status: "processing",
      jobs: [job],
      files: [
        {
          ...common,
          name: `${id}.png`,
          original: "photo.png",
          url: `${house.url}/${id}.png`,
          expirydate: null,
          deleteUrl,
          jobs: [job],
        },
      ],
    });
  });

  test("a file with nothing to derive is ready at once", async () => {
    const { json } = await house.curl("-T", at("a.txt"), `${house.url}/`);
    expect(json).toMatchObject({ status: "ready", jobs: [], type: "text/plain", name: "a.txt" });
  });

  test.each(["file", "files[]", "file[]", "upload"])("the field %s", async (field) => {
    for (const door of ["/", "/api/upload"]) {
      const { status, json } = await house.curl("-F", `${field}=@${at("a.txt")}`, house.url + door);
      expect(status).toBe(200);
      expect(json).toMatchObject({ name: "a.txt", size: 6 });
    }
  });

  test("ShareX's binary PUT, with a name that needs cleaning", async () => {
    const { json } = await house.curl(
      "-T",
      at("a.txt"),
      `${house.url}/api/upload/%22Fer%C3%AFen%22%E2%80%AE%0A.txt`,
    );
    expect(json).toMatchObject({ success: true, name: "Ferïen.txt" });
    const { metadata } = await original(String(json["id"]));
    expect(decodeURIComponent(metadata["name"] ?? "")).toBe("Ferïen.txt");
    expect(metadata).toMatchObject({ owner: "anonymous", time: expect.stringMatching(/^\d{4}-/) });
  });

  test("the longest and oddest name fits into the object's metadata", async () => {
    const name = encodeURIComponent(`${"漢".repeat(400)}.txt`);
    const { status, json } = await house.curl("-T", at("a.txt"), `${house.url}/${name}`);
    expect(status).toBe(200);
    expect(String(json["name"])).toMatch(/^漢{10,}\.txt$/);
  });

  test("several files in one form, and those refused among them", async () => {
    await writeFile(at("empty"), "");
    const { status, json } = await house.curl(
      ...["-F", `files[]=@${at("a.txt")}`, "-F", `files[]=@${at("empty")}`],
      ...["-F", "note=hello", "-F", `files[]=@${at("photo.png")}`, `${house.url}/`],
    );
    expect(status).toBe(200);
    expect(json).toMatchObject({
      name: "a.txt",
      files: [{ original: "a.txt" }, { original: "photo.png" }],
      errors: [{ success: false, name: "empty", error: { code: "invalid" } }],
    });
  });

  test("a form that breaks off after its first file: that one is kept, and the rest is told", async () => {
    const head = (name: string) =>
      `--X\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`;
    await writeFile(at("form"), `${head("one.txt")}hello\r\n${head("two.txt")}wor`);
    const { status, json } = await house.curl(
      ...[
        "-H",
        "Content-Type: multipart/form-data; boundary=X",
        "--data-binary",
        `@${at("form")}`,
        `${house.url}/`,
      ],
    );
    expect(status).toBe(200);
    expect(json).toMatchObject({ name: "one.txt", size: 5, files: [{ original: "one.txt" }] });
    expect(json["errors"]).toContainEqual(expect.objectContaining({ name: "two.txt", success: false }));
    const { files } = await house.holdings();
    expect(files.filter(({ state }) => state === "pending")).toEqual([]);
  });

  test("of more than a hundred files in one form the first hundred are kept", async () => {
    const parts = Array.from({ length: 102 }, () => ["-F", `file=@${at("a.txt")}`]).flat();
    const { status, json } = await house.curl(...parts, `${house.url}/`);
    expect(status).toBe(200);
    expect(json["files"]).toHaveLength(100);
    expect(JSON.stringify(json["errors"])).toContain("more than 100 files");
  });

  test("bare links for those who ask for text", async () => {
    const link = new RegExp(`^${house.url}/[0-9A-Za-z]{10}\n$`);
    const two = new RegExp(`^(${house.url}/[0-9A-Za-z]{10}\n){2}$`);
    const file = ["-F", `file=@${at("a.txt")}`];
    expect((await house.curl("-H", "Accept: text/plain", ...file, `${house.url}/`)).body).toMatch(link);
    expect((await house.curl("-T", at("a.txt"), `${house.url}/a.txt?output=text`)).body).toMatch(link);
    expect((await house.curl(...file, `${house.url}/api/upload?output=gyazo`)).body).toMatch(link);
    expect((await house.curl(...file, ...file, `${house.url}/?output=text`)).body).toMatch(two);
  });

  test("the way to the page for a form that a browser sends by itself", async () => {
    const send = (path: string, accept: string) => {
      const body = new FormData();
      body.append("file", new Blob(["hello"]), "a.txt");
      body.append("file", new Blob(["there"]), "b.txt");
      return fetch(`${house.url}${path}`, {
        method: "POST",
        body,
        headers: { Accept: accept },
        redirect: "manual",
      });
    };
    const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (const answer of [await send("/", browser), await send("/?output=page", "*/*")]) {
      expect(answer.status).toBe(303);
      const page = answer.headers.get("location") ?? "";
      expect(page).toMatch(new RegExp(`^${house.url}/[0-9A-Za-z]{10}$`));
      expect((await fetch(`${page}.txt`)).status).toBe(200);
    }
    for (const answer of [
      await send("/", "application/json, text/html"),
      await send("/?output=json", browser),
    ])
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
  });

  test("201 for those who ask in our own type", async () => {
    const answer = await house.curl(
      "-H",
      "Accept: application/vnd.capcloud+json",
      "-T",
      at("a.txt"),
      `${house.url}/`,
    );
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({ success: true });
  });
});

test("the coordinator hears of a file at once, and the outbox notes that it did", async () => {
  const { json } = await house.curl("-T", at("photo.png"), `${house.url}/`);
  const row = (await house.edge.database()).prepare("SELECT id, sent_at FROM work_outbox WHERE file_id = ?");
  await expect
    .poll(async () => (await row.bind(json["id"]).first<{ sent_at: number }>())?.sent_at, { timeout: 20_000 })
    .toBeGreaterThan(0);
  expect(json["jobs"]).toEqual([`main.${(await row.bind(json["id"]).first<{ id: string }>())?.id}`]);
});

test("no secret is kept: neither the delete key nor its letters stand in any row", async () => {
  const { json } = await house.curl("-T", at("a.txt"), `${house.url}/`);
  const key = new URL(String(json["delete_url"])).searchParams.get("key") ?? "";
  const rows = await (await house.edge.database()).prepare("SELECT * FROM files").all();
  expect(JSON.stringify(rows.results)).not.toContain(key);
});

test("after all of this, and deletions in between, the counters equal the sums and every object has its row", async () => {
  for (let i = 0; i < 3; i++) {
    const { json } = await house.curl("-T", at("photo.png"), `${house.url}/`);
    if (i > 0) expect((await fetch(String(json["delete_url"]), { method: "DELETE" })).status).toBe(204);
  }
  await expect
    .poll(
      async () => {
        const { files, objects } = await house.holdings();
        const keys = files.filter(({ state }) => state === "stored").map((file) => file.object_key);
        return { rows: keys.sort(), objects: Object.values(objects).flat().sort() };
      },
      { timeout: 20_000 },
    )
    .toSatisfy(
      ({ rows, objects }: { rows: string[]; objects: string[] }) => String(rows) === String(objects),
    );
  const { counted, summed } = await house.holdings();
  expect(counted).toEqual(summed);
});
