/**
 * Addresses that carry their own permission: for one method, one key, one length and type, at most 15
 * minutes. The only file that signs. Agents get nothing else; they never see a credential or a bucket.
 * With S3 credentials the addresses point at R2 itself, without them at the Worker's relay (`routes.ts`).
 */
import { AwsV4Signer } from "aws4fetch";
import { MINUTE, SECOND, type Config } from "../config.ts";

export interface SignedRequest {
  url: string;
  /** All that the client must send, and exactly so. */
  headers: Record<string, string>;
}

export interface ObjectTerms {
  /** Bytes. */
  size: number;
  type: string;
  /** Base64. */
  md5?: string;
}

export interface PartTerms {
  upload: string;
  number: number;
  size: number;
}

export interface Signer {
  get(shard: string, key: string): Promise<string>;
  /** Write once: a second PUT is answered 412. */
  put(shard: string, key: string, object: ObjectTerms): Promise<SignedRequest>;
  part(shard: string, key: string, part: PartTerms): Promise<SignedRequest>;
}

export const SIGNED_LIFETIME_MS = 15 * MINUTE;

/** `origin` is where the relay is reached; `now` is for tests of late use. */
export function createSigner(config: Config, origin: string, now: () => number = Date.now): Signer {
  if (config.r2 !== null) return presigner(config, config.r2, now);
  if (config.signingSecret !== null) return relaySigner(config.signingSecret, origin, now);
  throw new Error("neither S3 credentials nor SIGNING_SECRET: loadConfig refuses that");
}

function headersFor(object: ObjectTerms): Record<string, string> {
  return {
    "Content-Type": object.type,
    "Content-Length": String(object.size),
    "If-None-Match": "*",
    ...(object.md5 === undefined ? {} : { "Content-MD5": object.md5 }),
  };
}

function headersForPart(part: PartTerms): Record<string, string> {
  return { "Content-Length": String(part.size) };
}

// ---------------------------------------------------------------- presigned S3 addresses

/** aws4fetch leaves content headers unsigned unless `allHeaders`, and lives a day unless told: both are set here. */
function presigner(config: Config, r2: NonNullable<Config["r2"]>, now: () => number): Signer {
  /** The day's key, from which every signature is made: four hashes fewer for each address. */
  const keys = new Map<string, ArrayBuffer>();
  const sign = async (
    method: "GET" | "PUT",
    shard: string,
    key: string,
    headers: Record<string, string>,
    query: Record<string, string> = {},
  ): Promise<SignedRequest> => {
    const bucket = config.shards.find(({ name }) => name === shard)?.bucket;
    if (bucket === undefined) throw new Error(`SHARDS does not name ${shard}`);
    const url = new URL(`${r2.endpoint}/${bucket}/${key}`);
    const terms = { "X-Amz-Expires": String(SIGNED_LIFETIME_MS / SECOND), ...query };
    for (const [name, value] of Object.entries(terms)) url.searchParams.set(name, value);
    const signed = await new AwsV4Signer({
      method,
      url: url.href,
      headers,
      accessKeyId: r2.accessKeyId,
      secretAccessKey: r2.secretAccessKey,
      service: "s3",
      region: "auto",
      signQuery: true,
      allHeaders: true,
      cache: keys,
      datetime: new Date(now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
    }).sign();
    return { url: signed.url.href, headers };
  };
  return {
    get: async (shard, key) => (await sign("GET", shard, key, {})).url,
    put: (shard, key, object) => sign("PUT", shard, key, headersFor(object)),
    part: (shard, key, part) =>
      sign("PUT", shard, key, headersForPart(part), {
        partNumber: String(part.number),
        uploadId: part.upload,
      }),
  };
}

// ---------------------------------------------------------------- relay addresses

/** What a relay address permits. All of it is in its query, under the signature. */
export interface Permit {
  method: "GET" | "PUT";
  shard: string;
  key: string;
  /** Milliseconds since 1970. */
  expires: number;
  /** Empty where it does not apply. */
  terms: Record<(typeof TERMS)[number], string>;
}

const TERMS = ["size", "type", "md5", "upload", "number"] as const;

function relaySigner(secret: string, origin: string, now: () => number): Signer {
  const imported = macKey(secret);
  const sign = async (
    method: Permit["method"],
    shard: string,
    key: string,
    terms: Partial<Permit["terms"]>,
  ) => {
    const all = Object.fromEntries(TERMS.map((name) => [name, terms[name] ?? ""])) as Permit["terms"];
    const permit = { method, shard, key, expires: now() + SIGNED_LIFETIME_MS, terms: all };
    const query = new URLSearchParams({ ...terms, method, expires: String(permit.expires) });
    const mac = await crypto.subtle.sign("HMAC", await imported, canonical(permit));
    query.set("signature", base64url(new Uint8Array(mac)));
    return `${origin}/relay/${shard}/${key}?${query.toString()}`;
  };
  return {
    get: (shard, key) => sign("GET", shard, key, {}),
    put: async (shard, key, { size, type, md5 = "" }) => ({
      url: await sign("PUT", shard, key, { size: String(size), type, md5 }),
      headers: headersFor(md5 === "" ? { size, type } : { size, type, md5 }),
    }),
    part: async (shard, key, part) => ({
      url: await sign("PUT", shard, key, {
        size: String(part.size),
        upload: part.upload,
        number: String(part.number),
      }),
      headers: headersForPart(part),
    }),
  };
}

/** The permit that this address carries; null where it was changed, forged, or has run out. */
export async function readPermit(
  secret: string,
  target: { shard: string; key: string },
  query: URLSearchParams,
  now: number,
): Promise<Permit | null> {
  const method = query.get("method");
  const expires = Number(query.get("expires"));
  if ((method !== "GET" && method !== "PUT") || !(expires > now)) return null;
  const terms = Object.fromEntries(TERMS.map((name) => [name, query.get(name) ?? ""])) as Permit["terms"];
  const permit: Permit = { method, shard: target.shard, key: target.key, expires, terms };
  const mac = fromBase64url(query.get("signature") ?? "");
  const genuine = await crypto.subtle.verify("HMAC", await macKey(secret), mac, canonical(permit));
  return genuine ? permit : null;
}

/** JSON keeps the fields apart, whatever they hold. */
function canonical({ method, shard, key, expires, terms }: Permit): Uint8Array<ArrayBuffer> {
  const fields = [method, shard, key, String(expires), ...TERMS.map((name) => terms[name])];
  return Uint8Array.from(new TextEncoder().encode(JSON.stringify(fields)));
}

function macKey(secret: string): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, [
    "sign",
    "verify",
  ]);
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** Empty where it is none: four letters are three bytes, and a single one is nothing. */
function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return new Uint8Array();
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
    letter.charCodeAt(0),
  );
}
