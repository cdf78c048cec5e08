import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { JobError } from "./errors.ts";
import { PATIENCE } from "./link/patience.ts";
import type { SignedRequest } from "./protocol.ts";
import { Storage, patternBytes } from "./rehearsal/storage.ts";
import { Transfer, type Address } from "./transfer.ts";

let storage: Storage;
let transfer: Transfer;
let folder: string;
const never = new AbortController().signal;
const impatient = { ...PATIENCE, firstMs: 1, slowestMs: 5, unreachableMs: 1_500 };

beforeEach(async () => {
  storage = await Storage.start();
  transfer = new Transfer({ patience: impatient, stallMs: 400 });
  folder = await mkdtemp(join(tmpdir(), "transfer-"));
});
afterEach(async () => {
  await transfer.close();
  await storage.stop();
  await rm(folder, { recursive: true });
});

/** Signatures "1", "2", "3" … one more for each time a fresh one is asked for. */
function readAddress(path: string): Address<string> & { asked: number } {
  const address = {
    asked: 0,
    get: async (refused?: string) => {
      if (refused !== undefined) address.asked += 1;
      return storage.url(path, String(address.asked + 1));
    },
  };
  return address;
}

function writeAddress(path: string, headers: Record<string, string> = {}): Address<SignedRequest> {
  const read = readAddress(path);
  let last: SignedRequest | null = null;
  return {
    get: async (refused) => {
      if (last === null || refused === last) {
        last = { url: await read.get(refused?.url), headers: { "if-none-match": "*", ...headers } };
      }
      return last;
    },
  };
}

async function collect(path: string, from: number, to: number, address = readAddress(path)): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await transfer.read(
    address,
    [from, to],
    async (chunk, at) => {
      expect(at).toBe(from + chunks.reduce((sum, { length }) => sum + length, 0));
      chunks.push(Buffer.from(chunk));
    },
    never,
  );
  return Buffer.concat(chunks);
}

async function sliceOf(bytes: Buffer) {
  const path = join(folder, "product");
  await writeFile(path, bytes);
  return { path, offset: 0, length: bytes.length };
}

test("a range comes whole, by one request on one kept connection", async () => {
  storage.make("/o", 900_000, patternBytes);
  expect(await collect("/o", 1_000, 700_000)).toEqual(patternBytes(1_000, 700_000));
  expect(storage.ranges("/o")).toEqual([[1_000, 700_000]]);
});

test("a read that breaks off carries on where it stood and fetches no byte twice", async () => {
  storage.make("/o", 3_000_000, patternBytes);
  let left = 3;
  storage.fault = ({ range }, _request, response) => {
    if (left-- <= 0) return false;
    const from = Number(/\d+/.exec(range ?? "")?.[0]);
    response.writeHead(206, { "content-length": 3_000_000 - from });
    response.write(patternBytes(from, from + 400_000), () => setTimeout(() => response.destroy(), 20));
    return true;
  };
  expect(await collect("/o", 0, 3_000_000)).toEqual(patternBytes(0, 3_000_000));
  expect(storage.ranges("/o").map(([from]) => from)).toEqual([0, 400_000, 800_000, 1_200_000]);
});

test("a read that ends early though the answer looks complete is carried on", async () => {
  storage.make("/o", 1_000, patternBytes);
  let short = true;
  storage.fault = (_asked, _request, response) => {
    if (!short) return false;
    short = false;
    response.writeHead(206, { "content-length": 10 }).end(patternBytes(0, 10));
    return true;
  };
  expect(await collect("/o", 0, 1_000)).toEqual(patternBytes(0, 1_000));
});

test("an expired address is replaced by a fresh one", async () => {
  storage.make("/o", 1_000, patternBytes);
  storage.signatures = new Set(["2"]);
  const address = readAddress("/o");
  expect(await collect("/o", 0, 1_000, address)).toEqual(patternBytes(0, 1_000));
  expect(address.asked).toBe(1);
});

test("what goes wrong with a source for good is told apart from what may pass", async () => {
  await expect(collect("/gone", 0, 10)).rejects.toMatchObject({ code: "source_gone" });
  storage.make("/short", 5, patternBytes);
  await expect(collect("/short", 6, 10)).rejects.toMatchObject({ code: "source_gone" });
  storage.signatures = new Set();
  await expect(collect("/short", 0, 5)).rejects.toMatchObject({ code: "network" });
});

test("errors of the storage are tried again, then called network", async () => {
  storage.make("/o", 1_000, patternBytes);
  let failures = 4;
  storage.fault = (_asked, _request, response) => {
    if (failures-- <= 0) return false;
    response.writeHead(failures % 2 ? 500 : 429).end();
    return true;
  };
  expect(await collect("/o", 0, 1_000)).toEqual(patternBytes(0, 1_000));
  failures = Infinity;
  await expect(collect("/o", 0, 1_000)).rejects.toMatchObject({ code: "network", failureClass: "transient" });
});

test("a stalled answer is given up and asked for again", async () => {
  storage.make("/o", 1_000, patternBytes);
  let stalls = 1;
  storage.fault = (_asked, _request, response) => {
    if (stalls-- <= 0) return false;
    response.writeHead(206, { "content-length": 1_000 });
    response.write(patternBytes(0, 100));
    return true;
  };
  expect(await collect("/o", 0, 1_000)).toEqual(patternBytes(0, 1_000));
});

test("a full disk while reading is no trouble of the network", async () => {
  storage.make("/o", 1_000, patternBytes);
  const full = new JobError("disk_full", "full");
  const read = transfer.read(
    readAddress("/o"),
    [0, 1_000],
    async () => {
      throw full;
    },
    never,
  );
  await expect(read).rejects.toBe(full);
});

test("a write sends exactly the slice and the headers that were signed", async () => {
  const bytes = randomBytes(700_000);
  const slice = { ...(await sliceOf(bytes)), offset: 100, length: 500_000 };
  const address = writeAddress("/r", { "content-type": "video/mp4", "content-length": "500000" });
  const etag = await transfer.write(slice, address, never);
  const sent = bytes.subarray(100, 500_100);
  expect(storage.objects.get("/r")).toEqual(sent);
  expect(etag).toBe(createHash("md5").update(sent).digest("hex"));
  expect(storage.asked[0]?.headers).toMatchObject({
    "content-type": "video/mp4",
    "content-length": "500000",
    "if-none-match": "*",
  });
  expect(storage.asked[0]?.headers["transfer-encoding"]).toBeUndefined();
});

test("a write whose answer was lost is found there, and reports the bytes' own etag", async () => {
  const bytes = randomBytes(300_000);
  let lose = true;
  storage.fault = async (asked, request, response) => {
    if (!lose) return false;
    lose = false;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    storage.objects.set(asked.path, Buffer.concat(chunks));
    response.destroy();
    return true;
  };
  const etag = await transfer.write(await sliceOf(bytes), writeAddress("/r"), never);
  expect(etag).toBe(createHash("md5").update(bytes).digest("hex"));
  expect(storage.asked.map(({ signature }) => signature)).toEqual(["1", "2"]);
});

test("a write refused in the middle of its body asks for a fresh address", async () => {
  const bytes = randomBytes(3_000_000);
  storage.fault = ({ signature }, request, response) => {
    if (signature !== "1") return false;
    request.once("data", () => response.writeHead(403).end(() => request.destroy()));
    return true;
  };
  await transfer.write(await sliceOf(bytes), writeAddress("/r"), never);
  expect(storage.objects.get("/r")).toEqual(bytes);
});

test("a write that stalls is given up and tried again", async () => {
  const bytes = randomBytes(5_000_000);
  let stalls = 1;
  storage.fault = (_asked, request) => {
    if (stalls-- <= 0) return false;
    request.pause();
    return true;
  };
  await transfer.write(await sliceOf(bytes), writeAddress("/r"), never);
  expect(storage.objects.get("/r")).toEqual(bytes);
});

test("an abort ends a transfer at once, with the reason given", async () => {
  storage.make("/o", 1_000, patternBytes);
  storage.fault = () => true;
  const control = new AbortController();
  const reason = new Error("dropped");
  const read = transfer.read(readAddress("/o"), [0, 1_000], async () => undefined, control.signal);
  const write = transfer.write(await sliceOf(randomBytes(10)), writeAddress("/r"), control.signal);
  setTimeout(() => control.abort(reason), 20);
  await expect(read).rejects.toBe(reason);
  await expect(write).rejects.toBe(reason);
});

test("a storage that is not there is called network in the end", async () => {
  const gone = storage.url("/o");
  await storage.stop();
  storage = await Storage.start();
  const address: Address<string> = { get: async () => gone };
  const read = transfer.read(address, [0, 10], async () => undefined, never);
  await expect(read).rejects.toMatchObject({ code: "network" });
});
