import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort, type LocalEdge, startLocalEdge } from "../../../scripts/local-edge.ts";

let dataDir: string;
let edge: LocalEdge;
let files: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "capcloud-hosts-"));
  const port = await freePort();
  files = `http://localhost:${port}`;
  const vars = { LOG_LEVEL: "silent", MEDIA_ORIGIN: files, PUBLIC_URL: `http://127.0.0.1:${port}` };
  edge = await startLocalEdge({ dataDir, port, vars });
});
afterAll(async () => {
  await edge.stop();
  await rm(dataDir, { recursive: true, force: true });
});

test("with MEDIA_ORIGIN, bytes are served there only, and everything else on the app's host only", async () => {
  const uploaded = await fetch(`${edge.url}/note.txt`, { method: "PUT", body: "a note" });
  const { id } = await uploaded.json<{ id: string }>();

  const asked = await fetch(`${edge.url}/${id}.txt`, { redirect: "manual" });
  expect([asked.status, asked.headers.get("location")]).toEqual([302, `${files}/${id}.txt`]);
  expect(await (await fetch(`${files}/${id}.txt`)).text()).toBe("a note");

  const page = await fetch(`${files}/${id}`, { redirect: "manual" });
  expect([page.status, page.headers.get("location")]).toEqual([302, `${edge.url}/${id}`]);
  const upload = await fetch(`${files}/note.txt`, { method: "PUT", body: "a note" });
  expect(upload.status).toBe(404);
});
