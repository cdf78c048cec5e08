/** Fetches bytes over connections that stay open, and counts or keeps them; no decoding, no buffering of wholes. */
import { createWriteStream } from "node:fs";
import { Agent, get, type IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";

const keepAlive = new Agent({ keepAlive: true });

/** Throws for anything but a 2xx. */
async function open(url: string, range?: readonly [from: number, until: number]): Promise<IncomingMessage> {
  const headers = range ? { range: `bytes=${range[0]}-${range[1] - 1}` } : {};
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent: keepAlive, headers }, resolve).once("error", reject);
  });
  const { statusCode = 500 } = answer;
  if (statusCode >= 300) throw new Error(`GET ${url} answered ${statusCode}`);
  return answer;
}

/** Bytes that came. */
export async function drain(url: string, range?: readonly [number, number]): Promise<number> {
  let bytes = 0;
  for await (const chunk of await open(url, range)) bytes += (chunk as Buffer).length;
  return bytes;
}

export async function readBytes(url: string, range?: readonly [number, number]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await open(url, range)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function download(url: string, path: string): Promise<void> {
  await pipeline(await open(url), createWriteStream(path));
}
