/** The script of the front page. */
import { addRecent, startRecent } from "./front/recent.ts";
import { startIntake } from "./front/intake.ts";
import { Queue } from "./front/queue.ts";
import type { UploadAnswer } from "./lib/answers.ts";
import { startCopying } from "./lib/copy.ts";
import { seek } from "./lib/dom.ts";
import { thumbhashOf } from "./lib/thumbhash.ts";

/** Decoding a picture larger than this for its placeholder would be felt. Bytes. */
const MAX_HASHED_BYTES = 20_000_000;

startCopying();
startRecent();
const zone = seek("#zone", HTMLFormElement);
if (zone) {
  const queue = new Queue(Number(zone.dataset["maxBytes"]), (answer, file) => void remember(answer, file));
  startIntake(zone, (files) => queue.add(files));
}

async function remember(answer: UploadAnswer, file: File): Promise<void> {
  const drawn = file.type.startsWith("image/") && file.size <= MAX_HASHED_BYTES;
  const { id, name, url, type, size } = answer;
  const deleteKey = answer.delete_url === null ? null : new URL(answer.delete_url).searchParams.get("key");
  const thumbhash = drawn ? await thumbhashOf(file) : null;
  addRecent({ id, name, url, type, size, deleteKey, thumbhash, thumbnail: null });
}
