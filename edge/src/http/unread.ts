/**
 * The rest of a body that was refused. A server that answers and hangs up while the other side still sends makes
 * many clients report a broken pipe instead of the answer (seen with fetch), so a little is read and dropped.
 */
type Read = () => Promise<Uint8Array | null>;

const MOST_BYTES = 8 * 1_024 * 1_024;
const LONGEST_MS = 5_000;

/** Reads on until the end, or until the sender has been indulged enough. Never throws. */
export async function dropRest(read: Read): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, LONGEST_MS)));
  // A sender who is gone makes it fail: then there is nobody to be indulged.
  await Promise.race([dropBytes(read).catch(() => {}), enough]);
  clearTimeout(timer);
}

async function dropBytes(read: Read): Promise<void> {
  for (let left = MOST_BYTES; left > 0;) {
    const chunk = await read();
    if (chunk === null) return;
    left -= chunk.length;
  }
}

/** For a request that was answered without a look at its body. */
export async function dropUnread(request: Request): Promise<void> {
  if (request.body === null || request.bodyUsed || request.body.locked) return;
  const reader = request.body.getReader();
  await dropRest(async () => (await reader.read()).value ?? null);
}
