/**
 * 300 MB through both doors with the memory of workerd bounded: bytes are made on the fly, and what is measured
 * is the growth over a warm process: 20 to 70 MB here, about what the local R2 alone takes. A door that kept
 * the file, or teed it, would grow by 300 MB more.
 */
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startUploadEdge, type UploadEdge } from "./testing/upload-edge.ts";

const MB = 1_000_000;
const SIZE = 300 * MB;
const WARM_UP = 64 * MB;
const BOUND = 150 * MB;
const SAMPLE_MS = 50;
let house: UploadEdge;

// One of its own for each: a process that has grown once would hide the next.
beforeEach(async () => {
  house = await startUploadEdge();
});
afterEach(() => house.stop());

/** The workerd that this house started: the one that holds its port. */
function workerd(): number {
  const mine = execFileSync("pgrep", ["-P", String(process.pid), "workerd"], { encoding: "utf8" });
  return Number(mine.trim().split("\n").at(-1));
}

function residentBytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1_024;
}

/** Cheap bytes that no two blocks share. */
function* noise(size: number): Generator<Buffer> {
  const block = Buffer.alloc(MB);
  for (let made = 0, count = 0; made < size; made += block.length) {
    block.fill(createHash("sha256").update(String(count++)).digest());
    yield Buffer.from(block.subarray(0, Math.min(MB, size - made)));
  }
}

interface Door {
  method: string;
  path: string;
  headers: Record<string, string>;
  before: string;
  after: string;
}

const RAW: Door = { method: "PUT", path: "/noise.bin", headers: {}, before: "", after: "" };
const FORM: Door = {
  method: "POST",
  path: "/",
  headers: { "Content-Type": "multipart/form-data; boundary=X" },
  before: '--X\r\nContent-Disposition: form-data; name="file"; filename="noise.bin"\r\n\r\n',
  after: "\r\n--X--\r\n",
};

async function send({ method, path, headers, before, after }: Door, size: number) {
  const hash = createHash("sha256");
  const length = Buffer.byteLength(before) + size + Buffer.byteLength(after);
  const asked = request(house.url + path, { method, headers: { ...headers, "Content-Length": length } });
  const answered = new Promise<string>((resolve, reject) => {
    asked.on("error", reject);
    asked.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (more: string) => (text += more));
      answer.on("end", () => resolve(text));
    });
  });
  asked.write(before);
  for (const block of noise(size)) {
    hash.update(block);
    if (!asked.write(block)) await new Promise((resolve) => asked.once("drain", resolve));
  }
  asked.end(after);
  return { sha256: hash.digest("hex"), answer: JSON.parse(await answered) as Record<string, unknown> };
}

test.each([
  ["raw", RAW],
  ["form", FORM],
])("%s", async (_, door) => {
  const pid = workerd();
  await send(door, WARM_UP);
  const before = residentBytes(pid);
  let most = before;
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      most = Math.max(most, residentBytes(pid));
      await pause(SAMPLE_MS);
    }
  })();
  const { sha256, answer } = await send(door, SIZE).finally(() => over.abort());
  await watching;
  expect(answer).toMatchObject({ success: true, size: SIZE, hash: `sha256:${sha256}` });
  expect(most - before).toBeLessThan(BOUND);
});
