/**
 * Each minute: what the operator said of agents lately, once more, should the coordinator not have heard it. Each day:
 * enrolments and guesses that are long over.
 */
import { changedAgents } from "../../catalog/agents.ts";
import { forgetEnrolments } from "../../catalog/enrolments.ts";
import { MINUTE } from "../../config.ts";
import { forgetGuesses } from "../../identity/guesses.ts";
import { orderOf } from "../admin/orders.ts";
import { everywhere } from "../client.ts";
import type { Sweep } from "./scheduled.ts";

/** Some minutes' cron may be left out. */
const LATELY_MS = 10 * MINUTE;

export async function tellOrders({ env, db, now, pools }: Sweep): Promise<void> {
  const orders = (await changedAgents(db, now - LATELY_MS)).map(orderOf);
  if (orders.length > 0) await everywhere(env, pools, (coordinator) => coordinator.tellOrders(orders));
}

export async function forgetAsked({ db, now }: Sweep): Promise<void> {
  await forgetEnrolments(db, now);
  await forgetGuesses(db, now);
}
