/**
 * Why a link to the coordinator ended, in a sentence that says what to do, and whether to try again. Pure;
 * used by `link.ts` and `connection.ts`.
 */
import { CLOSE_PROTOCOL, CLOSE_REPLACED, CLOSE_REVOKED } from "../protocol.ts";

export interface Ending {
  sentence: string;
  /**
   * `slowly`: trying soon would change nothing · `outdated`: slowly too, and not for ever (`MISUNDERSTANDINGS`) ·
   * `stop`: only a person can mend it.
   */
  next: "again" | "slowly" | "outdated" | "stop";
}

/** An edge that is being updated may disagree for a minute; one that does so this often in a row means it. */
export const MISUNDERSTANDINGS = 3;

/** What a person does about an agent that the edge does not understand. */
export const UPDATE = "npx capcloud-agent@latest";

/** The edge answered the upgrade with something else than a socket. */
export function endingOfUpgrade(status: number, said: string, edge: string): Ending {
  const words = said === "" ? "" : ` The edge says: ${said}`;
  if (status === 401) {
    return {
      sentence: `${edge} does not know this agent's key (401). Make a new one there and give it in CAPCLOUD_KEY or CAPCLOUD_KEY_FILE.${words}`,
      next: "stop",
    };
  }
  if (status === 403) {
    return {
      sentence: `${edge} refuses this agent's key (403): it was revoked or may not run agents. Make a new one there.${words}`,
      next: "stop",
    };
  }
  if (status === 400) {
    return {
      sentence: `${edge} does not understand this agent (400). Update it: ${UPDATE}${words}`,
      next: "outdated",
    };
  }
  if (status === 404 || status === 200) {
    return {
      sentence: `${edge} has no agent door (${status}): check that --edge is the address of a CapCloud Edge.${words}`,
      next: "slowly",
    };
  }
  if (status >= 300 && status < 400) {
    return {
      sentence: `${edge} redirects (${status}): give the address it leads to.${words}`,
      next: "slowly",
    };
  }
  return { sentence: `${edge} cannot take agents now (${status}); trying again.${words}`, next: "again" };
}

/** An open link was closed by the other side, or went away. */
export function endingOfClose(code: number, reason: string): Ending {
  const words = reason === "" ? "" : ` (${reason})`;
  switch (code) {
    case CLOSE_REPLACED:
      return {
        sentence: `Another agent connected with the same key, so this one stops${words}. Give each agent a key of its own.`,
        next: "stop",
      };
    case CLOSE_REVOKED:
      return {
        sentence: `This agent's key was revoked${words}. Make a new one at the edge to run it again.`,
        next: "stop",
      };
    case CLOSE_PROTOCOL:
      return {
        sentence: `The edge does not understand this agent${words}. Update it: ${UPDATE}`,
        next: "outdated",
      };
    default:
      return { sentence: `The link to the edge is gone (${code})${words}; reconnecting.`, next: "again" };
  }
}

export interface ReconnectLimits {
  /** Milliseconds within which the first try after a lost link falls. */
  firstMs: number;
  /** Milliseconds that this grows to. */
  slowestMs: number;
}

/** Milliseconds within which an agent that was told to move does so: many may be told at once. */
export const MOVE_MS = 5_000;
/** Milliseconds between two moves: coordinators that disagree must not send an agent to and fro. */
export const MOVE_GAP_MS = 60_000;

export const RECONNECT: ReconnectLimits = { firstMs: 30_000, slowestMs: 60_000 };
/** A fresh start is one agent, not a herd, and often only waits for an edge that is starting too. */
const FRESH_MS = 1_000;

/** Milliseconds before try number `tries` (from 0), spread evenly over a window that doubles. */
export function reconnectDelay(
  tries: number,
  welcomedBefore: boolean,
  next: Exclude<Ending["next"], "stop">,
  limits: ReconnectLimits,
  random: () => number,
): number {
  const first = welcomedBefore ? limits.firstMs : Math.min(FRESH_MS, limits.firstMs);
  const window =
    next !== "again" ? limits.slowestMs : Math.min(limits.slowestMs, first * 2 ** Math.min(tries, 30));
  return random() * window;
}
