/**
 * The relay: what R2's own S3 door would do, for set-ups without S3 credentials. Every address is signed by
 * `sign.ts`; bytes are streamed both ways and never kept. Agents call it; it knows no files, only objects.
 */
import type { Context } from "hono";
import { createApp, type AppEnv } from "../http/app.ts";
import { userBytesHeaders } from "../http/headers.ts";
import { Problem } from "../http/problems.ts";
import { parseRange } from "../media/ranges.ts";
import { bucketOf } from "./shards.ts";
import { readPermit, type Permit } from "./sign.ts";

const REFUSED = "This signed address does not allow that.";
const ASK_AGAIN = "Ask for a fresh address, and send exactly the headers that come with it.";

export const storageRoutes = createApp();

storageRoutes.on(["GET", "HEAD"], "/relay/:shard/:key{.+}", async (c) => {
  const { bucket, permit } = await permitted(c, "GET");
  const head = await bucket.head(permit.key);
  if (head === null) throw new Problem("not_found", "There is no such object.");
  return sendObject(c, bucket, head);
});

storageRoutes.put("/relay/:shard/:key{.+}", async (c) => {
  const { bucket, permit } = await permitted(c, "PUT");
  const { size, type, upload } = permit.terms;
  const wrongType = type !== "" && c.req.header("content-type") !== type;
  if (c.req.header("content-length") !== size || wrongType) {
    throw new Problem("forbidden", REFUSED, { hint: ASK_AGAIN });
  }
  const body = c.req.raw.body ?? new Uint8Array();
  return upload === "" ? await takeObject(bucket, permit, body) : await takePart(bucket, permit, body);
});

async function permitted(c: Context<AppEnv>, method: Permit["method"]) {
  const secret = c.get("config").signingSecret;
  const target = { shard: c.req.param("shard") ?? "", key: c.req.param("key") ?? "" };
  const query = new URL(c.req.url).searchParams;
  const permit = secret === null ? null : await readPermit(secret, target, query, Date.now());
  if (permit === null || permit.method !== method)
    throw new Problem("forbidden", REFUSED, { hint: ASK_AGAIN });
  return { permit, bucket: bucketOf(c.env, permit.shard) };
}

async function sendObject(c: Context<AppEnv>, bucket: R2Bucket, head: R2Object): Promise<Response> {
  const range = parseRange(c.req.header("range"), head.size);
  const headers = {
    ...userBytesHeaders("application/octet-stream"),
    "Content-Type": head.httpMetadata?.contentType ?? "application/octet-stream",
    "Content-Disposition": "attachment",
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-store",
    ETag: head.httpEtag,
  };
  if (range.kind === "unsatisfiable") {
    throw new Problem("range_not_satisfiable", "The range lies outside of the object.", {
      headers: { "Content-Range": `bytes */${head.size}` },
    });
  }
  const part = range.kind === "part" ? range : { offset: 0, length: head.size };
  const length = { "Content-Length": String(part.length) };
  const answer = (body: ReadableStream | null) =>
    range.kind === "part"
      ? new Response(body, {
          status: 206,
          headers: { ...headers, ...length, "Content-Range": contentRange(part, head.size) },
        })
      : new Response(body, { headers: { ...headers, ...length } });
  if (c.req.method === "HEAD") return answer(null);
  const object = await bucket.get(head.key, {
    onlyIf: { etagMatches: head.etag },
    ...(range.kind === "part" ? { range: { offset: part.offset, length: part.length } } : {}),
  });
  if (object === null || !("body" in object)) throw new Problem("not_found", "There is no such object.");
  return answer(object.body);
}

function contentRange(part: { offset: number; length: number }, size: number): string {
  return `bytes ${part.offset}-${part.offset + part.length - 1}/${size}`;
}

async function takeObject(
  bucket: R2Bucket,
  permit: Permit,
  body: ReadableStream | Uint8Array,
): Promise<Response> {
  const { type, md5 } = permit.terms;
  const stored = await bucket
    .put(permit.key, body, {
      onlyIf: { etagDoesNotMatch: "*" },
      httpMetadata: { contentType: type },
      ...(md5 === "" ? {} : { md5: Uint8Array.from(atob(md5), (letter) => letter.charCodeAt(0)) }),
    })
    .catch(refuseDigest);
  if (stored === null) throw new Problem("precondition_failed", "There is an object of this key already.");
  return new Response(null, { headers: { ETag: stored.httpEtag } });
}

async function takePart(
  bucket: R2Bucket,
  permit: Permit,
  body: ReadableStream | Uint8Array,
): Promise<Response> {
  const { upload, number } = permit.terms;
  const part = await bucket
    .resumeMultipartUpload(permit.key, upload)
    .uploadPart(Number(number), body)
    .catch(refuseUpload);
  return new Response(null, { headers: { ETag: `"${part.etag}"` } });
}

/** R2's error 10037: the bytes are not those of Content-MD5. */
function refuseDigest(error: Error): never {
  if (!error.message.includes("10037")) throw error;
  throw new Problem("malformed", "The bytes do not match Content-MD5.", {
    hint: "Read the file again and repeat.",
  });
}

/** R2's error 10024: completed or aborted. */
function refuseUpload(error: Error): never {
  if (!error.message.includes("10024")) throw error;
  throw new Problem("not_found", "This multipart upload is over.", { hint: ASK_AGAIN });
}
