/**
 * A machine asks to become an agent, the operator decides, the machine fetches its key. Called by
 * `routes/enrolments.ts` and by the page that the code's address leads to.
 */
import {
  beginEnrolment,
  confirmEnrolment,
  declineEnrolment,
  findEnrolment,
  pollEnrolment,
  type Asker,
  type EnrolmentRow,
} from "../catalog/enrolments.ts";
import { DEFAULT_TIER } from "../coordinator/frames/badges.ts";
import { Problem } from "../http/problems.ts";
import type { Desk } from "./desk.ts";

/** How often a machine asks whether it was confirmed. */
const INTERVAL_S = 2;
const FULL_RETRY_S = 60;

/** Who asks, for the operator to judge by. */
export interface EnrolmentView {
  code: string;
  label: string;
  platform: string;
  address: string;
  country: string | null;
  state: "waiting" | "confirmed" | "declined" | "expired";
  /** Once confirmed. */
  agent: string | null;
  created_at: string;
  expires_at: string;
}

export async function askToEnrol(desk: Desk, asker: Asker, now: number) {
  const begun = await beginEnrolment(desk.db, asker, now);
  if (!begun) {
    throw new Problem("rate_limited", "Too many machines wait to be confirmed.", {
      hint: "Confirm or decline some at /agents, or wait: a code lasts ten minutes.",
      retryAfter: FULL_RETRY_S,
    });
  }
  const { code, pollToken, expiresAt } = begun;
  return {
    ...{ code, poll_token: pollToken, url: `${desk.origin}/agents/enroll?code=${code}` },
    ...{ expires_at: new Date(expiresAt).toISOString(), interval_s: INTERVAL_S },
  };
}

export type EnrolmentAnswer = { state: "waiting" } | { state: "confirmed"; id: string; key: string };

export async function pollForKey(
  { db }: Desk,
  code: string,
  pollToken: string | null,
  now: number,
): Promise<EnrolmentAnswer> {
  const polled = pollToken === null ? null : await pollEnrolment(db, code, pollToken, now);
  if (!polled) {
    throw new Problem("unauthorized", "This is not the poll token of this code.", {
      hint: "Ask for a code of your own: npx capcloud-agent enroll",
    });
  }
  if (polled.state === "waiting" || polled.state === "confirmed") return polled;
  throw new Problem("gone", OVER[polled.state], { hint: "Begin again: npx capcloud-agent enroll" });
}

const OVER = {
  declined: "The operator declined this machine.",
  expired: "Nobody confirmed this code in time, or its key was not fetched in time.",
  fetched: "The key of this code was fetched already, and its agent has connected.",
};

/** Throws 404 for a code that never was. */
export async function readEnrolment({ db }: Desk, code: string, now: number): Promise<EnrolmentView> {
  return viewOf(await openEnrolment(db, code), now);
}

/** Confirming once more answers the same and changes nothing. */
export async function confirmMachine(
  desk: Desk,
  code: string,
  wishes: { label?: string | undefined; tier?: number | undefined },
  now: number,
): Promise<EnrolmentView> {
  const asked = await openEnrolment(desk.db, code);
  const { label = asked.label, tier = DEFAULT_TIER } = wishes;
  await confirmEnrolment(desk.db, code, { label, tier }, now);
  return decided(desk, code, "confirmed", now);
}

export async function declineMachine(desk: Desk, code: string, now: number): Promise<void> {
  await openEnrolment(desk.db, code);
  await declineEnrolment(desk.db, code, now);
  await decided(desk, code, "declined", now);
}

async function decided(
  desk: Desk,
  code: string,
  wanted: "confirmed" | "declined",
  now: number,
): Promise<EnrolmentView> {
  const view = await readEnrolment(desk, code, now);
  if (view.state === wanted) return view;
  if (view.state === "confirmed" || view.state === "declined") {
    throw new Problem("conflict", `This machine was ${view.state} already.`, {
      hint: "A confirmed agent is revoked at /agents; a declined machine asks again with a new code.",
    });
  }
  throw new Problem("gone", "This code has expired.", {
    hint: "On the machine, begin again: npx capcloud-agent enroll",
  });
}

async function openEnrolment(db: Desk["db"], code: string): Promise<EnrolmentRow> {
  const row = await findEnrolment(db, code);
  if (!row) {
    throw new Problem("not_found", "There is no such code.", {
      hint: "Compare it with what the machine shows, letter by letter.",
    });
  }
  return row;
}

function viewOf(row: EnrolmentRow, now: number): EnrolmentView {
  const { code, label, platform, address, country, expiresAt } = row;
  const state = row.state === "waiting" && expiresAt <= now ? "expired" : row.state;
  return {
    ...{ code, label, platform, address, country, state },
    agent: state === "confirmed" ? row.agentId : null,
    created_at: new Date(row.createdAt).toISOString(),
    expires_at: new Date(expiresAt).toISOString(),
  };
}
