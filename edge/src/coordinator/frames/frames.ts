/**
 * Frames from agents, from text to reply. Every frame is checked here, a repeated one gets the reply it had
 * before, and one exhaustive switch hands each kind to its own file. Called by `coordinator.ts` for each
 * message, one at a time for each agent.
 */
import { AgentFrame, MAX_FRAME_BYTES } from "#protocol";
import { z } from "zod";
import { SECOND } from "../../config.ts";
import { tellPaused } from "../admin/steering.ts";
import type { Badge } from "./badges.ts";
import { dispatch } from "../grants/dispatch.ts";
import { completeFrame } from "./frame-complete.ts";
import { failFrame, releaseFrame } from "./frame-fail.ts";
import { helloFrame } from "./frame-hello.ts";
import { readyFrame, renewFrame } from "./frame-renew.ts";
import { signFrame } from "./frame-sign.ts";
import { hangUp, type Incoming } from "./incoming.ts";
import { leaveIfFree } from "../pools/moving.ts";
import { log, said, type Pool } from "../pool.ts";
import { refuseProtocol } from "./protocol-refusal.ts";
import type { Outgoing } from "./sockets.ts";

const Numbered = z.object({ type: z.string(), seq: z.number().int() });
/** An agent that sends so many frames in a row that make no sense will not get better. */
const HOPELESS = 16;
/** Liveness is told in minutes. */
const SEEN_STEP_MS = 10 * SECOND;

export async function receiveText(
  pool: Pool,
  socket: WebSocket,
  text: string | ArrayBuffer,
  now: number,
): Promise<void> {
  const badge = seen(pool, socket, now);
  // Its socket is closed, but what it had sent before still arrives.
  if (badge.revoked) return;
  const parsed = parse(text);
  const greets = "fault" in parsed || parsed.frame.type === "hello";
  if (greets && refuseProtocol({ pool, socket, badge, now }, parsed.json)) return;
  if ("fault" in parsed) return complain(pool, socket, parsed.re, parsed.fault);
  pool.faults.delete(badge.agentId);
  const { frame } = parsed;
  if (badge.bootId === null && frame.type !== "hello") {
    return hangUp(pool, socket, frame.seq, "Say hello first.");
  }
  const boot = frame.type === "hello" ? frame.bootId : (badge.bootId ?? "");
  const before = pool.replies.find(badge.agentId, boot, frame.seq);
  if (before !== null) return pool.sockets.sendText(socket, before);
  try {
    await answer({ pool, socket, badge, now }, frame, boot);
  } catch (error) {
    log(pool, "error", "frame failed", { agent: badge.agentId, type: frame.type, error: said(error) });
    pool.sockets.send(socket, {
      type: "error",
      re: frame.seq,
      message: "This could not be done now; ask again.",
    });
  }
  if (frame.type === "renew" || frame.type === "sign") return;
  leaveIfFree(pool, socket, now);
  await dispatch(pool, now);
}

/** Pinning is a write, so it is done when it tells something new. */
function seen(pool: Pool, socket: WebSocket, now: number): Badge {
  const before = pool.sockets.badge(socket);
  if (now - before.seenAt < SEEN_STEP_MS) return before;
  const badge = { ...before, seenAt: now };
  pool.sockets.pin(socket, badge);
  return badge;
}

async function answer(incoming: Incoming, frame: AgentFrame, boot: string): Promise<void> {
  const { pool, socket, badge } = incoming;
  const reply = await replyTo(incoming, frame);
  if (reply === null) return;
  const text = pool.sockets.encode(reply);
  pool.replies.keep(badge.agentId, boot, frame, text);
  pool.sockets.sendText(socket, text);
  // A welcome ends a drain, unless the operator's word still stands.
  const greeted = pool.sockets.badge(socket);
  if (reply.type === "welcome" && greeted.paused) tellPaused(pool, socket, greeted);
}

/** Null: the frame needs no reply, or has been answered already. */
function replyTo(incoming: Incoming, frame: AgentFrame): Promise<Outgoing | null> {
  switch (frame.type) {
    case "hello":
      return helloFrame(incoming, frame);
    case "ready":
      return readyFrame(incoming, frame);
    case "renew":
      return renewFrame(incoming, frame);
    case "sign":
      return signFrame(incoming, frame);
    case "complete":
      return completeFrame(incoming, frame);
    case "fail":
      return failFrame(incoming, frame);
    case "release":
      return releaseFrame(incoming, frame);
  }
}

type Parsed = { json?: unknown } & ({ frame: AgentFrame } | { fault: string; re: number | null });

function parse(text: string | ArrayBuffer): Parsed {
  if (typeof text !== "string") return { fault: "Frames are text.", re: null };
  if (isTooLong(text)) {
    return { fault: `A frame has at most ${MAX_FRAME_BYTES} bytes; upload the rest as an object.`, re: null };
  }
  const json = jsonOf(text);
  const frame = AgentFrame.safeParse(json);
  if (frame.success) return { json, frame: frame.data };
  const numbered = Numbered.safeParse(json);
  const issue = frame.error.issues[0];
  return {
    json,
    fault: `This frame is not understood: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
    re: numbered.success ? numbered.data.seq : null,
  };
}

/** A character takes one byte to three: most frames need not be measured. */
function isTooLong(text: string): boolean {
  if (text.length * 3 <= MAX_FRAME_BYTES) return false;
  return new TextEncoder().encode(text).length > MAX_FRAME_BYTES;
}

function complain(pool: Pool, socket: WebSocket, re: number | null, fault: string): void {
  const { agentId } = pool.sockets.badge(socket);
  const faults = (pool.faults.get(agentId) ?? 0) + 1;
  pool.faults.set(agentId, faults);
  if (faults >= HOPELESS) hangUp(pool, socket, re, fault);
  else pool.sockets.send(socket, { type: "error", re, message: fault });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
