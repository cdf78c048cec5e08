/** Serves one local file on loopback with ranges, as the agent's own proxy does; for tests of processors. */
import { createReadStream } from "node:fs";
import { open, stat, appendFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Source } from "../processors/processor.ts";

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
  const { port } = server.address() as AddressInfo;
  return {
    size,
    url: `http://127.0.0.1:${port}/source`,
    download: () => Promise.resolve(path),
    appendTo: (target, offset, length) => appendRange(path, target, offset, length),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function appendRange(path: string, target: string, offset: number, length: number): Promise<void> {
  const file = await open(path, "r");
  try {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, offset);
    if (bytesRead < length) throw new Error("range outside the file");
    await appendFile(target, bytes);
  } finally {
    await file.close();
  }
}
