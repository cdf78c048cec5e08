/** One upload as a client makes it, which may die at any byte, and one deletion. Speaks to the edge directly. */
import { createReadStream } from "node:fs";
import { request } from "node:http";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import type { Sample } from "./samples.ts";

const Answer = z.object({
  id: z.string(),
  raw_url: z.string(),
  delete_url: z.string(),
  hash: z.string(),
  jobs: z.array(z.string()),
});
export type Acknowledged = z.infer<typeof Answer>;

const LIMIT_MS = 60_000;

/** The acknowledgement; throws where there was none. `diesAt`: the client is gone after so many bytes. */
export async function upload(host: string, sample: Sample, diesAt?: number): Promise<Acknowledged> {
  const url = `${host}/${encodeURIComponent(basename(sample.path))}`;
  const sending = request(url, {
    method: "PUT",
    headers: { "content-length": sample.size },
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const answered = new Promise<string>((resolve, reject) => {
    sending.once("error", reject);
    sending.once("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      answer.once("error", reject);
      answer.once("close", () => reject(new Error("the answer broke off")));
      answer.once("end", () => {
        if ((answer.statusCode ?? 500) < 300) resolve(text);
        else reject(new Error(`answered ${answer.statusCode}: ${text.slice(0, 300)}`));
      });
    });
  });
  answered.catch(() => {});
  const sent = diesAt === undefined ? sample.size : Math.min(diesAt, sample.size - 1);
  const body = createReadStream(sample.path, { start: 0, end: Math.max(0, sent - 1) });
  if (diesAt !== undefined) {
    await pipeline(body, sending, { end: false }).catch(() => {});
    sending.destroy(new Error("the client died"));
    return Answer.parse(JSON.parse(await answered));
  }
  await Promise.race([pipeline(body, sending), answered]);
  return Answer.parse(JSON.parse(await answered));
}

/** Answers the status: 204 now, 410 where an earlier try got through. */
export async function remove(deleteUrl: string): Promise<number> {
  const answer = await fetch(deleteUrl, { method: "DELETE", signal: AbortSignal.timeout(LIMIT_MS) });
  await answer.arrayBuffer();
  return answer.status;
}
