/**
 * Grants: pushed the moment a job and a free slot exist. Called after everything that frees a slot or readies
 * a job. What is granted is first trimmed and cut to what is worth granting now (`reshaping.ts`); where slots stay
 * free, slow rectangles get a second agent (`hedge-turn.ts`). The lease is written in one turn; signing its input and
 * sending come after. Should its agent leave meanwhile, the lease is given back uncharged; should signing fail, so has
 * the attempt, and the next comes later. Either way the agent never hears of it, and its slot is free again.
 */
import { MAX_FRAME_BYTES, type Grant, type ResourceClass } from "#protocol";
import { freeSlots } from "../frames/badges.ts";
import { hedgeTurn } from "./hedge-turn.ts";
import { joinedRecipe } from "../plans/joined-recipe.ts";
import { failTransient, grantJob, releaseJob, ruinJob } from "../ledger/ledger.ts";
import type { Job, MintedSecret, Seat, Waiting } from "../ledger/ledger-types.ts";
import { inTurn, log, nowAfter, said, signerFor, type Pool } from "../pool.ts";
import { publishDue } from "../results/publish.ts";
import { pairUp, SUSPECT_LOSSES, type Pairing, type Usage } from "./schedule.ts";
import { reshape } from "./reshaping.ts";
import { newNonce } from "./secrets.ts";
import { apply, type Turn } from "../turns.ts";
import { supersedeJob } from "../ledger/withdrawal.ts";

/** Grants of one turn: large enough for speed, small enough to let frames in between. */
const BATCH = 64;
/** Jobs looked at in each group of owner, kind and rank, at least: some may have to avoid the only free agent. */
const HEADS = 8;
/** Room for the lease and addresses in a grant's frame. */
const RECIPE_BYTES = MAX_FRAME_BYTES - 8_192;
/** For people; what went wrong, a shard that is not configured perhaps, stands in the log. */
const UNREACHABLE = { code: "network", message: "There is no address for its original now." } as const;

interface Granted {
  job: Job;
  secret: string;
  /** Of the agent that it was granted to. */
  socket: WebSocket;
}

/** One at a time; a call that comes meanwhile makes it look once more. */
export async function dispatch(pool: Pool, asked: number): Promise<void> {
  const { busy } = pool;
  busy.dispatchAgain = true;
  if (busy.dispatching) return;
  busy.dispatching = true;
  try {
    while (busy.dispatchAgain) {
      busy.dispatchAgain = false;
      if (!pool.sockets.hasFreeSeat()) break;
      // Whatever made the job ready and its grant are one write where nothing is waited for between them.
      if (pool.secrets.isEmpty) await pool.secrets.fill(BATCH);
      const now = nowAfter(asked);
      const granted = inTurn(pool, now, (turn) => grantTurn(pool, turn));
      // What was cut or is done over waits for a slot now.
      const hedged = granted.length === 0 && inTurn(pool, now, (turn) => hedgeTurn(pool, turn));
      if (hedged || granted.length > 0) busy.dispatchAgain = true;
      await Promise.all(granted.map((grant) => sendGrant(pool, grant, now)));
      await pool.secrets.fill(BATCH);
    }
  } finally {
    busy.dispatching = false;
  }
}

function grantTurn(pool: Pool, turn: Turn): Granted[] {
  const { sockets } = pool;
  const seats = sockets.freeSeats(turn.now);
  const waiting = turn.store.queue.waitingHeads(Math.max(HEADS, Math.min(BATCH, seats.length)));
  if (waiting.length === 0 || seats.length === 0) return [];
  const usage = usageOf(pool, turn, waiting);
  const slotsOf = sharesOf(turn, seats, sockets.countEncoders());
  const pairings = pairUp(waiting, seats, usage, pool.rings, turn.now, BATCH);
  return pairings
    .map((pairing) => grantOne(pool, turn, pairing, slotsOf))
    .filter((granted) => granted !== null);
}

/** What owners hold is asked only where several of them wait, who holds lost ones only where one waits. */
function usageOf({ sockets }: Pool, { store, now }: Turn, waiting: readonly Waiting[]): Usage {
  const alone = new Set(waiting.map(({ owner }) => owner)).size === 1;
  return {
    held: alone ? new Map() : store.queue.heldByOwner(),
    slots: sockets.countAllSlots(),
    hasOther: (work, agentId) => sockets.isAnyAble(work, now, agentId),
    suspected: waiting.some(({ losses }) => losses >= SUSPECT_LOSSES)
      ? store.queue.holdersOfLost()
      : new Set(),
  };
}

/**
 * Slots among which what is left of a film is to be shared out: those that are free now, and those that are at it
 * already, since they come back for more; `most` there are, also where an agent that is about to end one encode
 * may begin the next. Asked for a film before anything of it is granted in this turn.
 */
function sharesOf({ store }: Turn, seats: readonly Seat[], most: number): (fileId: string) => number {
  const free = seats.reduce((sum, seat) => sum + seat.free.gpu + seat.free.cpu, 0);
  const shares = new Map<string, number>();
  return (fileId) => {
    const share = shares.get(fileId) ?? Math.min(most, free + store.films.countEncoding(fileId));
    shares.set(fileId, share);
    return share;
  };
}

function grantOne(
  pool: Pool,
  turn: Turn,
  { job: id, agentId, slot }: Pairing,
  slotsOf: (fileId: string) => number,
): Granted | null {
  const found = turn.store.jobs.find(id);
  const socket = pool.sockets.find(agentId);
  if (!found || !socket) return null;
  const badge = pool.sockets.badge(socket);
  const minted = pool.secrets.take();
  if (!minted || badge.bootId === null) return null;
  const joined = found.recipe === null ? resolve(turn, found) : found;
  const job = joined && reshape(turn, joined, slotsOf(joined.fileId));
  if (job === null) {
    const ruined = ruinJob(found, "Its parts are too many, or none is there.", turn.now);
    apply(turn, found, joined === null ? ruined : supersedeJob(found, turn.now));
    pool.later(publishDue(pool, turn.now));
    // Whoever waited for it may be ready now.
    pool.busy.dispatchAgain = true;
    return null;
  }
  const granted = grantJob(job, granteeOf(pool, agentId, badge.bootId, slot, minted), turn.now);
  if (!granted || !apply(turn, found, granted)) return null;
  pool.sockets.pin(socket, { ...badge, free: { ...badge.free, [slot]: badge.free[slot] - 1 } });
  turn.store.files.addHolder(job.fileId, agentId);
  return { job: granted, secret: minted.secret, socket };
}

function granteeOf(
  pool: Pool,
  agentId: string,
  bootId: string,
  slot: ResourceClass,
  { hash: secretHash }: MintedSecret,
) {
  return { agentId, bootId, slot, secretHash, nonce: newNonce(), leaseMs: pool.config.leaseMs };
}

/** What is joined from pieces: whose each segment is, is known only now. */
function resolve(turn: Turn, job: Job): Job | null {
  const plan = turn.store.files.planOf(job.fileId);
  if (!plan) return null;
  const made = joinedRecipe(job, plan, turn.store.claims.ofPlan(plan.id));
  if (!made || JSON.stringify(made).length > RECIPE_BYTES) return null;
  return { ...job, ...made };
}

async function sendGrant(pool: Pool, { job, secret, socket }: Granted, now: number): Promise<void> {
  const isHere = () => pool.sockets.find(job.agentId ?? "") === socket;
  try {
    const frame = await grantFrame(pool, job, secret, now);
    if (pool.store.jobs.isLeased(job.id, job.epoch)) {
      if (!isHere()) throw new Error("the agent left meanwhile");
      return pool.sockets.send(socket, frame);
    }
  } catch (error) {
    log(pool, "warn", "grant not sent", { job: job.id, agent: job.agentId, error: said(error) });
    takeBack(pool, job, isHere(), now);
  }
  if (isHere()) freeSlot(pool, socket, job.slot);
}

/** Nobody heard of the lease. An agent that is there is not to blame: the same would come again at once. */
function takeBack(pool: Pool, job: Job, isHere: boolean, now: number): void {
  inTurn(pool, now, (turn) => {
    const current = turn.store.jobs.find(job.id);
    if (current?.epoch !== job.epoch) return;
    const failed = isHere ? failTransient(current, UNREACHABLE, now, turn.random) : releaseJob(current, now);
    apply(turn, current, failed);
  });
  pool.later(publishDue(pool, now));
}

/** The agent knows nothing of it, so it would not say that the slot is free. A later link says it by itself. */
function freeSlot({ sockets, store }: Pool, socket: WebSocket, slot: ResourceClass | null): void {
  const badge = sockets.badge(socket);
  if (slot === null) return;
  const more = { ...badge.free, [slot]: badge.free[slot] + 1 };
  const free = freeSlots(badge.capacity, more, store.queue.heldSlots(badge.agentId));
  sockets.pin(socket, { ...badge, free });
}

async function grantFrame(pool: Pool, job: Job, secret: string, now: number): Promise<Omit<Grant, "seq">> {
  const socket = pool.sockets.find(job.agentId ?? "");
  if (!socket || job.recipe === null || job.slot === null) throw new Error("nothing to grant");
  const signer = signerFor(pool, pool.sockets.badge(socket).origin);
  const [head, ...others] = job.inputs;
  const read = ({ name, size }: { name: string; size: number }) => ({ name, size });
  const inputs = head ? [{ ...read(head), url: await signer.get(job.shard, head.key) }] : [];
  return {
    type: "grant",
    lease: { job: job.id, epoch: job.epoch, secret },
    leaseMs: pool.config.leaseMs,
    deadlineMs: Math.max(0, (job.deadline ?? now) - now),
    slot: job.slot,
    recipe: job.recipe,
    inputs: [...inputs, ...others.map(read)],
  };
}
