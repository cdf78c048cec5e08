/** Serves one local file on loopback with ranges, as the agent's own proxy does; for tests of processors. */
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm, stat, appendFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { admitToTools } from "../ffmpeg/confinement.ts";
import type { Source } from "../processors/processor.ts";
import { Derivatives } from "../source/derivatives.ts";

export interface ServedFile extends Source {
  close(): Promise<void>;
}

export async function serveFile(path: string): Promise<ServedFile> {
  const { size } = await stat(path);
  const server = createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const from = Number(range?.[1] ?? 0);
    const to = range?.[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
    if (from >= size) {
      response.writeHead(416, { "content-range": `bytes */${size}` }).end();
      return;
    }
    response.writeHead(range ? 206 : 200, {
      "accept-ranges": "bytes",
      "content-length": to - from + 1,
      ...(range ? { "content-range": `bytes ${from}-${to}/${size}` } : {}),
    });
    createReadStream(path, { start: from, end: to })
      .on("error", () => response.destroy())
      .pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await admitToTools(server);
  const { port } = server.address() as AddressInfo;
  const folder = await mkdtemp(join(tmpdir(), "capcloud-derived-"));
  const derivatives = new Derivatives(join(folder, "of"));
  return {
    size,
    url: `http://127.0.0.1:${port}/source`,
    asideUrl: `http://127.0.0.1:${port}/source`,
    download: () => Promise.resolve(path),
    appendTo: (target, offset, length) => appendRange(path, target, offset, length),
    read: (offset, length) => readRange(path, offset, Math.min(length, Math.max(0, size - offset))),
    derive: (name, make) => derivatives.get(name, make, new AbortController().signal),
    lead: (work) => work(),
    standBack: () => Promise.resolve(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await derivatives.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function appendRange(path: string, target: string, offset: number, length: number): Promise<void> {
  await appendFile(target, await readRange(path, offset, length));
}

async function readRange(path: string, offset: number, length: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, offset);
    if (bytesRead < length) throw new Error("range outside the file");
    return bytes;
  } finally {
    await file.close();
  }
}
