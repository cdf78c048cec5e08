import { inspect } from "node:util";
import { Agent, request } from "undici";
import { expect, test } from "vitest";
import { createLog } from "./log.ts";
import { redact } from "./redact.ts";

const SIGNATURE = "6b9df44d5d0ea7e0cd1eb08a0bba7d1f8cba3d3f2c1b9f6e3a5d4c2b1a09f8e7";
const QUERY = `X-Amz-Expires=900&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLEKEY%2F20261120%2Fauto%2Fs3%2Faws4_request&X-Amz-SignedHeaders=content-length%3Bhost&X-Amz-Signature=${SIGNATURE}`;
const SIGNED = `https://account.r2.cloudflarestorage.com/bucket/r/ab/video-1/3/2-x/480.mp4?${QUERY}`;
const RELAY =
  "https://files.example/_r/main/o/ab?method=PUT&expires=1790000000000&size=3&signature=c2VjcmV0LXNpZw";
const KEY = "cca_01JABCDEF_q3J2bGRfb2ZfaGlkZGVuX3RoaW5ncw";

test.each([
  ["a presigned address", `GET ${SIGNED} failed`, [SIGNATURE, "AKIAEXAMPLEKEY"]],
  ["an address of the relay, in brackets", `tried (${RELAY}), twice`, ["c2VjcmV0LXNpZw", "1790000000000"]],
  ["a socket's address", "wss://files.example/agent?ticket=hush-hush", ["hush-hush"]],
  ["a request's path without its host", `path: '/bucket/o/x?${QUERY}'`, [SIGNATURE, "AKIAEXAMPLEKEY"]],
  ["an agent's key", `key ${KEY} is unknown`, ["q3J2bGRf"]],
  ["a header", `Authorization: Bearer poll-token-123456`, ["poll-token-123456"]],
  ["a password in an address", "http://me:hunter22@files.example/agent", ["hunter22"]],
  ["an answer in JSON", `{"id":"a","key":"${KEY}","token":"tok\\"en-abc"}`, ["q3J2bGRf", "en-abc"]],
])("%s keeps nothing that opens a door", (_what, text, secrets) => {
  for (const secret of secrets) expect(redact(text)).not.toContain(secret);
});

test("what is no secret stays: who, where, which job", () => {
  expect(redact(`GET ${SIGNED} failed`)).toBe(
    "GET https://account.r2.cloudflarestorage.com/bucket/r/ab/video-1/3/2-x/480.mp4?… failed",
  );
  expect(redact(`${KEY} left`)).toBe("cca_01JABCDEF_… left");
  const plain = "job main.01J: frame=250 fps=25 speed=2x, why? monkey=business, 3 keys";
  expect(redact(plain)).toBe(plain);
});

test("a secret that looks like nothing is taken out when it is named", () => {
  const lines: string[] = [];
  const secrets = ["plain-old-word"];
  const log = createLog({ level: "info", format: "json", secrets, write: (line) => lines.push(line) });
  log.info("plain-old-word", { reason: "it was plain-old-word!" });
  log.with({ who: "plain-old-word" }).warn("hello");
  expect(lines.join()).not.toContain("plain-old-word");
});

test("errors of the HTTP client lose their addresses, in text and in JSON", async () => {
  const dispatcher = new Agent({ connect: { timeout: 1_000 } });
  // Nobody listens on port 1; a blank in an address is no address at all.
  const failures = [`http://127.0.0.1:1/bucket/o/x?${QUERY}`, `http://bad host/x?${QUERY}`].map(
    async (url): Promise<unknown> => {
      try {
        return (await request(url, { dispatcher })).statusCode;
      } catch (error) {
        return error;
      }
    },
  );
  const errors = await Promise.all(failures);
  // fetch of Node wraps its cause.
  errors.push(await fetch(`http://127.0.0.1:1/bucket/o/x?${QUERY}`).catch((error: unknown) => error));
  await dispatcher.close();
  const lines: string[] = [];
  for (const format of ["text", "json"] as const) {
    const log = createLog({ level: "debug", format, write: (line) => lines.push(line) });
    for (const error of errors) {
      const url = `/bucket/o/x?${QUERY}`;
      log.warn(`could not fetch ${SIGNED}: ${String(error)}`, {
        url,
        reason: inspect(error, { depth: 5 }),
        stack: error instanceof Error ? error.stack : "",
      });
    }
  }
  const all = lines.join("\n");
  expect(all).toContain("could not fetch https://account.r2");
  expect(lines).toHaveLength(6);
  for (const secret of [SIGNATURE, "AKIAEXAMPLEKEY", "aws4_request"]) expect(all).not.toContain(secret);
});
