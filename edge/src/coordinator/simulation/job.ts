/**
 * One grant as a simulated agent works it off: the agent's `job.ts` and `uploads.ts` without files and tools.
 * What it asks of the coordinator goes through the agent's real `Asking`.
 */
import { pause, reasonOf } from "../../../../transcoder-agent/src/abort.ts";
import { Asking, type Ask } from "../../../../transcoder-agent/src/link/asking.ts";
import { Abandoned, JobError } from "../../../../transcoder-agent/src/errors.ts";
import type { Gate } from "../../../../transcoder-agent/src/sending/gate.ts";
import type { Attempt, Fate } from "../../../../transcoder-agent/src/job.ts";
import { PartAddresses } from "../../../../transcoder-agent/src/sending/part-addresses.ts";
import type { Complete, Signed, SignedRequest } from "#protocol";
import { etagOf } from "./bucket.ts";
import { produce, type Film, type Product } from "./films.ts";
import type { Address, Sending } from "./sending.ts";

export interface Bench {
  ask: Ask;
  sending: Sending;
  gate: Gate;
  /** What a grant's original is; null: something joined from pieces. */
  filmOf: (size: number) => Film | undefined;
  /** Unlike any other attempt. */
  who: string;
  /** Milliseconds that this job takes here; Infinity: a tool that hangs. */
  workMs: number;
  /** The machine's own trouble, if it has any now. */
  trouble: () => JobError | null;
  /** The input is more than this process can bear. */
  die: () => void;
}

type Uploaded = Complete["objects"][number];
/** Stretches of work between two words of progress. */
const STEPS = 4;
/** A tool that hangs is given up by the deadline alone. */
const FOR_EVER_MS = 2 ** 31 - 1;

export async function workOff(attempt: Attempt, bench: Bench): Promise<Fate> {
  try {
    const made = await make(attempt, bench);
    const verdict = await new Asking(bench.ask, attempt.lease, attempt.signal).complete(made);
    return verdict.accepted ? "done" : verdict.stale ? "dropped" : "failed";
  } catch (error) {
    await report(error, attempt, bench.ask);
    return error instanceof Abandoned ? "dropped" : "failed";
  }
}

async function make(attempt: Attempt, bench: Bench): Promise<Pick<Complete, "objects" | "result">> {
  const { grant } = attempt;
  const broken = new AbortController();
  const signal = AbortSignal.any([attempt.signal, broken.signal]);
  const asking = new Asking(bench.ask, attempt.lease, signal);
  const uploads: Promise<Uploaded>[] = [];
  try {
    await readInputs(attempt, bench, asking, signal);
    const film = bench.filmOf(grant.inputs[0]?.size ?? 0);
    const { products, result } = produce(grant, film, bench.who);
    for (let step = 0; step < STEPS; step++) {
      await pause(Math.min(FOR_EVER_MS, bench.workMs / STEPS), signal);
      if (film?.nature === "poison" && step === 1) bench.die();
      if (film?.nature === "corrupt") throw new JobError("corrupt", "The file is damaged.");
      const trouble = bench.trouble();
      if (trouble) throw trouble;
      attempt.progress((step + 1) / STEPS);
      for (const product of products.filter((_, at) => at % STEPS === step)) {
        const upload = send(product, asking, bench, signal);
        uploads.push(upload);
        upload.catch((error: unknown) => broken.abort(error));
      }
    }
    attempt.processed();
    return { result, objects: await Promise.all(uploads) };
  } catch (error) {
    throw signal.aborted ? reasonOf(signal) : error;
  } finally {
    broken.abort(new Abandoned("the job is over"));
    await Promise.allSettled(uploads);
  }
}

async function readInputs({ grant }: Attempt, { sending }: Bench, asking: Asking, signal: AbortSignal) {
  for (const { name, url } of grant.inputs) {
    await sending.read(
      renewable(url ?? (await asking.input(name)), () => asking.input(name)),
      signal,
    );
  }
}

async function send(
  product: Product,
  asking: Asking,
  { sending, gate }: Bench,
  signal: AbortSignal,
): Promise<Uploaded> {
  const { name, size, type } = product;
  const sign = async () => targetOf(await asking.sign({ outputs: [{ name, size, type }] }), name);
  const target = await sign();
  if ("multipart" in target) return sendParts(product, target.multipart, asking, { sending, gate }, signal);
  const address = renewable(target.put, async () => putOf(await sign()));
  return { name, size, etag: await gate.run(signal, () => sending.write(product, address, signal)) };
}

async function sendParts(
  { name, size, etag }: Product,
  { partBytes, parts: count }: { partBytes: number; parts: number },
  asking: Asking,
  { sending, gate }: Pick<Bench, "sending" | "gate">,
  signal: AbortSignal,
): Promise<Uploaded> {
  const addresses = new PartAddresses(name, count, asking);
  const parts: { number: number; etag: string }[] = [];
  for (let number = 1; number <= count; number++) {
    const length = Math.min(partBytes, size - (number - 1) * partBytes);
    const content = { size: length, etag: etagOf(`${etag} ${number}`), text: null };
    const part = await gate.run(signal, () => sending.write(content, addresses.of(number), signal));
    parts.push({ number, etag: part });
  }
  return { name, size, etag: "", parts };
}

type Target = Signed["outputs"][string];

function targetOf({ outputs }: Signed, name: string): Target {
  const target = outputs[name];
  if (!target) throw new JobError("crashed", `The edge gave no address for ${name}.`);
  return target;
}

function putOf(target: Target): SignedRequest {
  if ("put" in target) return target.put;
  throw new JobError("crashed", "The edge wants in parts what it wanted whole before.");
}

function renewable<T>(first: T, renew: () => Promise<T>): Address<T> {
  let current = first;
  return {
    get: async (refused) => {
      if (refused === current) current = await renew();
      return current;
    },
  };
}

async function report(error: unknown, attempt: Attempt, ask: Ask): Promise<void> {
  if (error instanceof Abandoned) return;
  const asking = new Asking(ask, attempt.lease);
  const failure =
    error instanceof JobError
      ? { class: error.failureClass, code: error.code, message: error.message }
      : ({ class: "transient", code: "crashed", message: String(error) } as const);
  try {
    if (attempt.stopping() && failure.class !== "permanent") await asking.release();
    else await asking.fail(failure);
  } catch {
    // Its lease is over, or the agent stops: nobody waits for the report.
  }
}
