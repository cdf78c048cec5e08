/**
 * One behaviour suite on both signers, against what really answers: the local R2's S3 door and the Worker's
 * relay. Bodies are tiny, since a large one that is refused may look like a broken pipe.
 */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalEdge, startLocalEdge } from "../../../scripts/local-edge.ts";
import type { Config } from "../config.ts";
import { createSigner, SIGNED_LIFETIME_MS, type Signer } from "./sign.ts";

const SHARD = "SHARD_ENAM";
const BODY = Buffer.from("hello");
const TERMS = { size: BODY.length, type: "video/mp4" };
const SECRET = "a secret of the tests, long enough";

interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
}

/** Sends exactly these headers: fetch would set the length by itself. */
function send(
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body?: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { method, headers: { "Accept-Encoding": "identity", ...headers } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
        answer.on("error", reject);
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

function configOf(edge: LocalEdge, kind: "s3" | "relay"): Config {
  const place = { lat: 0, lon: 0, weight: 1, budgetBytes: 1e12, state: "open" as const };
  return {
    publicUrl: null,
    mediaOrigin: null,
    maxFileBytes: 1e9,
    anonymousUploads: true,
    allowedTypes: null,
    logLevel: "silent",
    leaseMs: 90_000,
    ladder: [],
    shards: [{ ...place, name: SHARD, bucket: "capcloud-enam" }],
    r2:
      kind === "relay"
        ? null
        : {
            endpoint: `${edge.url}/cdn-cgi/local/r2/s3`,
            accessKeyId: "local",
            secretAccessKey: "local-secret",
          },
    signingSecret: SECRET,
    operatorToken: null,
    metricsToken: null,
    webhook: null,
    fleetWaitMs: 300_000,
    pools: ["main"],
  };
}

describe.each(["s3", "relay"] as const)("addresses signed for %s", (kind) => {
  let edge: LocalEdge;
  let dataDir: string;
  let signer: Signer;
  let late: Signer;
  let next = 0;
  const freshKey = () => `r/file/video-p/all/1-${next++}/480.mp4`;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "capcloud-sign-"));
    edge = await startLocalEdge({ dataDir, signer: kind, vars: { SIGNING_SECRET: SECRET } });
    signer = createSigner(configOf(edge, kind), edge.url);
    late = createSigner(configOf(edge, kind), edge.url, () => Date.now() - SIGNED_LIFETIME_MS - 1_000);
  });
  afterAll(async () => {
    await edge.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const stored = async (key: string) => {
    const object = await (await edge.bucket(SHARD)).get(key);
    return object === null ? null : await object.text();
  };
  const put = async (key: string) => await signer.put(SHARD, key, TERMS);

  test("what is put can be read, whole, in ranges and by HEAD's rules", async () => {
    const key = freshKey();
    const { url, headers } = await put(key);
    const written = await send("PUT", url, headers, BODY);
    expect(written.status).toBe(200);
    expect(String(written.headers["etag"])).toContain(createHash("md5").update(BODY).digest("hex"));

    const address = await signer.get(SHARD, key);
    expect(await send("GET", address)).toMatchObject({ status: 200, body: "hello" });
    const part = await send("GET", address, { Range: "bytes=1-3" });
    expect(part).toMatchObject({ status: 206, body: "ell" });
    expect(part.headers["content-range"]).toBe("bytes 1-3/5");
    expect((await send("GET", address, { Range: "bytes=5-" })).status).toBe(416);
    const object = await (await edge.bucket(SHARD)).head(key);
    expect(object?.httpMetadata?.contentType).toBe("video/mp4");
  });

  test("a second write is refused and changes nothing", async () => {
    const key = freshKey();
    const { url, headers } = await put(key);
    await send("PUT", url, headers, BODY);
    expect((await send("PUT", url, headers, Buffer.from("HELLO"))).status).toBe(412);
    expect(await stored(key)).toBe("hello");
  });

  test.each<
    [
      string,
      (signed: {
        url: string;
        headers: Record<string, string>;
      }) => [string, string, Record<string, string>, Buffer],
    ]
  >([
    ["another type", ({ url, headers }) => ["PUT", url, { ...headers, "Content-Type": "text/html" }, BODY]],
    [
      "a longer body",
      ({ url, headers }) => ["PUT", url, { ...headers, "Content-Length": "6" }, Buffer.from("hello!")],
    ],
    [
      "a shorter body",
      ({ url, headers }) => ["PUT", url, { ...headers, "Content-Length": "4" }, Buffer.from("hell")],
    ],
    ["another key", ({ url, headers }) => ["PUT", url.replace("480.mp4", "720.mp4"), headers, BODY]],
    [
      "another shard",
      ({ url, headers }) => [
        "PUT",
        url.replace("capcloud-enam", "capcloud-weur").replace(SHARD, "SHARD_WEUR"),
        headers,
        BODY,
      ],
    ],
    [
      "a signature of its own",
      ({ url, headers }) => ["PUT", url.replace(/([Ss]ignature=)..../, "$1AAAA"), headers, BODY],
    ],
    [
      "half a signature",
      ({ url, headers }) => ["PUT", url.replace(/([Ss]ignature=)[^&]*/, "$1A"), headers, BODY],
    ],
    [
      "no signature",
      ({ url, headers }) => ["PUT", url.replace(/&(X-Amz-Signature|signature)=[^&]*/, ""), headers, BODY],
    ],
    [
      "a longer life",
      ({ url, headers }) => ["PUT", url.replace(/(Expires|expires)=(\d+)/, "$1=9$2"), headers, BODY],
    ],
  ])("%s is refused and leaves nothing", async (_, tamper) => {
    const key = freshKey();
    const [method, url, headers, body] = tamper(await put(key));
    const answer = await send(method, url, headers, body);
    expect([400, 403]).toContain(answer.status);
    expect(await stored(key)).toBeNull();
    expect(await stored(key.replace("480", "720"))).toBeNull();
  });

  test("an address for one method is none for another", async () => {
    const key = freshKey();
    const { url, headers } = await put(key);
    await send("PUT", url, headers, BODY);
    expect((await send("GET", url)).status).toBe(403);
    expect((await send("DELETE", url)).status).toBeGreaterThanOrEqual(403);
    const address = await signer.get(SHARD, key);
    expect((await send("PUT", address, headers, BODY)).status).toBe(403);
    expect((await send("DELETE", address)).status).toBeGreaterThanOrEqual(403);
    expect(await stored(key)).toBe("hello");
  });

  test("late use is refused", async () => {
    const key = freshKey();
    const { url, headers } = await late.put(SHARD, key, TERMS);
    expect((await send("PUT", url, headers, BODY)).status).toBe(403);
    expect(await stored(key)).toBeNull();
    expect((await send("GET", await late.get(SHARD, key))).status).toBe(403);
  });

  test("Content-MD5 is held against the bytes", async () => {
    const key = freshKey();
    const md5 = createHash("md5").update(BODY).digest("base64");
    const { url, headers } = await signer.put(SHARD, key, { ...TERMS, md5 });
    expect((await send("PUT", url, headers, Buffer.from("HELLO"))).status).toBe(400);
    expect(await stored(key)).toBeNull();
    expect((await send("PUT", url, headers, BODY)).status).toBe(200);
  });

  test("parts go up by their own addresses and are joined by the binding", async () => {
    const key = freshKey();
    const bucket = await edge.bucket(SHARD);
    const { uploadId } = await bucket.createMultipartUpload(key);
    const first = Buffer.alloc(5 * 1_024 * 1_024, 1);
    const parts = [];
    for (const [number, body] of [
      [1, first],
      [2, BODY],
    ] as const) {
      const { url, headers } = await signer.part(SHARD, key, { upload: uploadId, number, size: body.length });
      const answer = await send("PUT", url, headers, body);
      expect(answer.status).toBe(200);
      parts.push({ partNumber: number, etag: String(answer.headers["etag"]).replaceAll('"', "") });
    }
    await bucket.resumeMultipartUpload(key, uploadId).complete(parts);
    expect((await bucket.head(key))?.size).toBe(first.length + BODY.length);
  });

  test("a part of another length or number is refused", async () => {
    const key = freshKey();
    const { uploadId } = await (await edge.bucket(SHARD)).createMultipartUpload(key);
    const { url, headers } = await signer.part(SHARD, key, {
      upload: uploadId,
      number: 1,
      size: BODY.length,
    });
    expect((await send("PUT", url, { ...headers, "Content-Length": "4" }, Buffer.from("hell"))).status).toBe(
      403,
    );
    const other = url.replace(/(partNumber|number)=1/, "$1=2");
    expect((await send("PUT", other, headers, BODY)).status).toBe(403);
  });
});
