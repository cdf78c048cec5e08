/** Sends a file to an edge as curl would, from this process, so that the moment of the answer is known exactly. */
import { createReadStream, statSync } from "node:fs";
import { Agent, request, type IncomingMessage } from "node:http";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";

const Answer = z.object({ id: z.string(), url: z.string(), raw_url: z.string(), delete_url: z.string() });

export interface Sent extends z.infer<typeof Answer> {
  /** Milliseconds since 1970 when the answer was there. */
  answered: number;
}

const keepAlive = new Agent({ keepAlive: true });

export async function sendFile(host: string, path: string): Promise<Sent> {
  const text = await putFile(`${host}/${encodeURIComponent(basename(path))}`, path);
  return { ...Answer.parse(JSON.parse(text)), answered: Date.now() };
}

/** PUTs the file's bytes; answers what came back. Throws for anything but a 2xx. */
export async function putFile(url: string, path: string): Promise<string> {
  const { size } = statSync(path);
  const sending = request(url, { method: "PUT", agent: keepAlive, headers: { "content-length": size } });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sending.once("response", resolve);
    sending.once("error", reject);
  });
  const [answer] = await Promise.all([
    answered,
    pipeline(createReadStream(path, { highWaterMark: 1 << 18 }), sending),
  ]);
  const text = await readAll(answer);
  if ((answer.statusCode ?? 500) >= 300) throw new Error(`PUT ${url} answered ${answer.statusCode}: ${text}`);
  return text;
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export async function removeFile({ delete_url }: Pick<Sent, "delete_url">): Promise<void> {
  const answer = await fetch(delete_url, { method: "DELETE" });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`DELETE answered ${answer.status}`);
}
