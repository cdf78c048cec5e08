/** What a player asks for before the first picture: master, lists, inits and first segments, as hls.js would. */
import { setTimeout as sleep } from "node:timers/promises";

/** Not there yet: the edge answers 503 after its own wait, and a player asks again. */
const AGAIN_MS = 100;
const LIMIT_MS = 120_000;

/** Resolves when the first rung that the master lists and its sound can be played from their beginning. */
export async function untilFirstSegment(host: string, id: string): Promise<void> {
  const address = `${host}/${id}/hls/master.m3u8`;
  const lists = listsOf(await untilText(address));
  await Promise.all(lists.map((list) => untilBeginning(new URL(list, address).href)));
}

/** The address of the first variant, and that of the sound where it stands apart. */
export function listsOf(master: string): string[] {
  const lines = master.split("\n");
  const variant = lines.findIndex((line) => line.startsWith("#EXT-X-STREAM-INF"));
  const sound = /#EXT-X-MEDIA:TYPE=AUDIO.*?URI="([^"]+)"/.exec(master)?.[1];
  return [lines[variant + 1], sound].filter((address) => address !== undefined);
}

/** The init and the first segment that a list names. */
export function beginningOf(list: string): string[] {
  const init = /#EXT-X-MAP:URI="([^"]+)"/.exec(list)?.[1];
  const segment = list.split("\n").find((line) => line !== "" && !line.startsWith("#"));
  return [init, segment].filter((address) => address !== undefined);
}

async function untilBeginning(list: string): Promise<void> {
  const pieces = beginningOf(await untilText(list));
  await Promise.all(pieces.map((piece) => untilText(new URL(piece, list).href)));
}

async function untilText(address: string): Promise<string> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const answer = await fetch(address);
    const text = await answer.text();
    if (answer.ok) return text;
    if (answer.status !== 503 || Date.now() > deadline)
      throw new Error(`${address} answered ${answer.status}`);
    await sleep(AGAIN_MS);
  }
}
