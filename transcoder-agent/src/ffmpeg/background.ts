/**
 * Keeps a tool behind whatever else runs on the machine. Where the kernel shares its time out among sessions
 * (`sched_autogroup`, the default of most desktops), the niceness of a process counts only within its own, and
 * each tool has one of its own: there the session itself has to stand back. Called by `run.ts` for what takes long;
 * where nothing can be done the tool runs on as it is.
 */
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** 0 is usual, 19 the least (sched(7)). At 5 a third of what others get: they feel nothing, and films get made. */
export const NICENESS = "5";

/** What stands before the tool takes some milliseconds until the session is made. */
const FIRST_LOOK_MS = 15;
/** The kernel lets others than root do this once in 100 ms, all users together. */
const NEXT_LOOK_MS = 120;
const LOOKS = 10;

/** Resolves when it stands back, has ended or cannot be made to; never rejects. */
export async function standBack(pid: number | undefined): Promise<void> {
  if (process.platform !== "linux" || pid === undefined) return;
  for (let look = 0; look < LOOKS; look++) {
    // A run that ends meanwhile is not kept waiting, nor is the agent.
    await sleep(look === 0 ? FIRST_LOOK_MS : NEXT_LOOK_MS, undefined, { ref: false });
    const session = await sessionOf(pid);
    if (session === null) return;
    // Until then it is the agent's own, or the terminal's.
    if (session === pid && (await lower(pid)) !== "again") return;
  }
}

/** The process that leads the session; null where the process has ended. */
async function sessionOf(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  // "pid (name) state parent group session …", and the name may hold anything.
  const session = text?.slice(text.lastIndexOf(")") + 2).split(" ")[3];
  return session === undefined ? null : Number(session);
}

async function lower(pid: number): Promise<"done" | "again"> {
  try {
    await writeFile(`/proc/${pid}/autogroup`, NICENESS);
    return "done";
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EAGAIN" ? "again" : "done";
  }
}
