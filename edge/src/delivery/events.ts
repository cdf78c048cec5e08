/**
 * Server-sent events of a file's progress: `state` with its whole record, a comment every 15 s, `end` when
 * nothing more will come. A stream is short-lived by design; the browser reconnects by itself, and since each
 * stream begins with the full state, whatever Last-Event-ID it names loses nothing.
 */
import { findFile, type FileRow } from "../catalog/files.ts";
import { SECOND } from "../config.ts";
import { coordinatorOf } from "../coordinator/client.ts";
import { progressNow, recordNow } from "./record-now.ts";
import type { Visit } from "./visit.ts";

const HEARTBEAT_MS = 15 * SECOND;
/** Not more states than this, however many agents report. */
const PACE_MS = SECOND / 2;
/** Pause after the coordinator would not wait with us: too many are watching, or it restarted. */
const REFUSED_MS = 3 * SECOND;
/** Rounds of one stream; each costs four of the thousand calls a request may make on the free plan. */
const MOST_ROUNDS = 200;
/** Milliseconds until a browser whose stream ended asks again. */
const RECONNECT_MS = SECOND;

export function eventsAnswer(visit: Visit, fileId: string): Response {
  const events = fileEvents(visit, fileId);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await events.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await events.return();
    },
  });
  return new Response(body, {
    headers: {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store, no-transform",
    },
  });
}

async function* fileEvents(visit: Visit, fileId: string): AsyncGenerator<string, void, undefined> {
  yield `retry: ${RECONNECT_MS}\n\n`;
  let id = 0;
  let last = "";
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const file = await findFile(visit.db, fileId);
    if (!file || file.state === "deleted") return yield event("end", id + 1, { deleted: true });
    const progress = await progressNow(visit, file);
    const record = await recordNow(visit, file, progress);
    const body = JSON.stringify(record);
    if (body === last) yield ": nothing new\n\n";
    else {
      id = Math.max(id + 1, progress?.version ?? 0);
      yield event("state", id, record);
    }
    last = body;
    if (file.status !== "processing") return yield event("end", id + 1, { status: file.status });
    await untilChange(visit, file, progress?.version ?? 0);
  }
}

/** Returns when something changed, and at the latest for the next heartbeat. */
async function untilChange(visit: Visit, file: FileRow, since: number): Promise<void> {
  const started = Date.now();
  const version = await coordinatorOf(visit.env, file.pool)
    .watch(file.id, since, HEARTBEAT_MS)
    .catch(() => since);
  const least = version > since ? PACE_MS : REFUSED_MS;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, started + least - Date.now())));
}

function event(name: string, id: number, data: object): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
