/** Each way in which an upload can be refused: a true status, a sentence, a hint, and nothing left behind. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startUploadEdge, type UploadEdge } from "./testing/upload-edge.ts";

const LIMIT = 3_000_000;
const MIB = 1_024 * 1_024;
let house: UploadEdge;
const at = (name: string) => join(house.dataDir, name);

beforeAll(async () => {
  house = await startUploadEdge({
    MAX_FILE_BYTES: String(LIMIT),
    ALLOWED_TYPES: "image/*,text/plain,application/octet-stream",
  });
  await writeFile(at("a.txt"), "hello\n");
  await writeFile(at("empty"), "");
  await writeFile(at("page.jpg"), "<!DOCTYPE html><script>alert(1)</script>");
  await writeFile(at("large"), Buffer.alloc(LIMIT + 1));
  await writeFile(at("limit"), Buffer.alloc(LIMIT));
});
afterAll(() => house.stop());

async function nothingLeft() {
  const { files, objects, counted, multiparts } = await house.holdings();
  expect({ files, objects, counted, multiparts }).toEqual({
    files: [],
    objects: { SHARD_WEUR: [], SHARD_ENAM: [] },
    counted: { SHARD_WEUR: 0, SHARD_ENAM: 0 },
    multiparts: 0,
  });
}

function expectRefusal(
  answer: { status: number; json: Record<string, unknown> },
  status: number,
  code: string,
) {
  expect(answer.json).toMatchObject({
    success: false,
    description: expect.stringMatching(/^[A-Z].+\.$/s),
    error: {
      code,
      hint: expect.stringMatching(/.{10,}/),
      request_id: expect.stringMatching(/.{8,}/),
      retryable: false,
    },
  });
  expect(answer.status).toBe(status);
}

describe("by the raw door", () => {
  test.each<[string, () => string[], number, string]>([
    ["an empty file", () => ["-T", at("empty")], 422, "invalid"],
    ["a file over the limit", () => ["-T", at("large")], 413, "too_large"],
    [
      "a file over the limit, without asking first",
      () => ["-H", "Expect:", "-T", at("large")],
      413,
      "too_large",
    ],
    [
      "a length that is not told",
      () => ["-T", at("a.txt"), "-H", "Transfer-Encoding: chunked"],
      411,
      "length_required",
    ],
    ["a type that is not taken, whatever its name", () => ["-T", at("page.jpg")], 415, "type_refused"],
  ])("%s", async (_, args, status, code) => {
    expectRefusal(await house.curl(...args(), `${house.url}/`), status, code);
    await nothingLeft();
  });

  test("the limit is named in the words of people and in bytes", async () => {
    const { json } = await house.curl("-T", at("large"), `${house.url}/`);
    expect(json["description"]).toContain("3 MB");
    expect(JSON.stringify(json)).toContain(String(LIMIT));
  });

  test.each(["/a%2fb", "/a%5Cb", "/a%00b", "/api/upload/..%2f..%2fetc"])(
    "%s is refused before any route",
    async (path) => {
      expectRefusal(await house.curl("-T", at("a.txt"), `${house.url}${path}`), 400, "malformed");
      await nothingLeft();
    },
  );
});

const form = (...parts: string[]) => parts.join("\r\n");
const part = 'Content-Disposition: form-data; name="file"; filename="a.txt"';

describe("by the form", () => {
  test.each<[string, () => string[], number, string]>([
    ["an empty file", () => ["-F", `file=@${at("empty")}`], 422, "invalid"],
    ["a file over the limit", () => ["-F", `file=@${at("large")}`], 413, "too_large"],
    [
      "a form over the limit",
      () => ["-F", `file=@${at("limit")}`, "-F", `upload=@${at("limit")}`],
      413,
      "too_large",
    ],
    [
      "a length that is not told",
      () => ["-F", `file=@${at("a.txt")}`, "-H", "Transfer-Encoding: chunked"],
      411,
      "length_required",
    ],
    [
      "a type that is not taken",
      () => ["-F", `file=@${at("page.jpg")};type=image/jpeg`],
      415,
      "type_refused",
    ],
    ["no file in a field we know", () => ["-F", `document=@${at("a.txt")}`], 422, "invalid"],
    ["text instead of a file", () => ["-F", "file=hello"], 422, "invalid"],
    ["no form at all", () => ["-d", "a=b"], 400, "malformed"],
  ])("%s", async (_, args, status, code) => {
    expectRefusal(await house.curl(...args(), `${house.url}/`), status, code);
    await nothingLeft();
  });

  test.each([
    ["no boundary", "multipart/form-data", form("--X", part, "", "abc", "--X--", "")],
    ["another boundary", "multipart/form-data; boundary=Y", form("--X", part, "", "abc", "--X--", "")],
    ["an end in the headers", "multipart/form-data; boundary=X", form("--X", part)],
    ["an end in the file", "multipart/form-data; boundary=X", form("--X", part, "", "abc")],
    ["an end in the last boundary", "multipart/form-data; boundary=X", form("--X", part, "", "abc", "--X")],
    ["a long file cut off", "multipart/form-data; boundary=X", form("--X", part, "", "é".repeat(MIB))],
    ["headers that are none", "multipart/form-data; boundary=X", form("--X", ":", "", "abc", "--X--", "")],
  ])("a broken one: %s", async (_, type, body) => {
    await writeFile(at("form"), body);
    const answer = await house.curl(
      "-H",
      `Content-Type: ${type}`,
      "--data-binary",
      `@${at("form")}`,
      `${house.url}/`,
    );
    expect(answer.json).toMatchObject({ success: false });
    expect([400, 422]).toContain(answer.status);
    await nothingLeft();
  });
});

test("a file just at the limit is taken by both doors", async () => {
  expect((await house.curl("-T", at("limit"), `${house.url}/`)).status).toBe(200);
  expect((await house.curl("-F", `file=@${at("limit")}`, `${house.url}/`)).status).toBe(200);
});

test("a file found too large while its parts go up leaves neither parts nor bytes", async () => {
  const small = house;
  house = await startUploadEdge({ MAX_FILE_BYTES: "9000000" });
  try {
    await writeFile(at("longer"), Buffer.alloc(9_500_000));
    expectRefusal(await house.curl("-F", `file=@${at("longer")}`, `${house.url}/`), 413, "too_large");
    await nothingLeft();
  } finally {
    await house.stop();
    house = small;
  }
});
