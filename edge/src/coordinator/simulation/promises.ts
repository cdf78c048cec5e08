/**
 * The numbers that are promised, written out once more: whoever judges the code must not ask the code what it
 * promises, or a limit that is raised there is raised here too. In words they stand in docs/races.md and above
 * `ledger/ledger.ts`.
 */
import { SECOND } from "../../config.ts";

/** A job is dead after so many of either. */
export const MOST_ATTEMPTS = 5;
export const MOST_LOSSES = 5;
/** What was lost is kept from who lost it, and from others that were lost, for at most so long. */
export const AVOIDED_MS = 45 * SECOND;
