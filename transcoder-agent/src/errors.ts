/**
 * What can go wrong with a job, as a closed set. Each tool has one tested function that turns its own
 * failures into a `JobError`; `job.ts` reports it and never looks at message texts.
 */
import type { FailureClass, FailureCode } from "./protocol.ts";

const CLASS_OF = {
  unsupported: "permanent",
  corrupt: "permanent",
  too_large: "permanent",
  refused: "permanent",
  source_gone: "permanent",
  disk_full: "agent_fault",
  encoder_gone: "agent_fault",
  tool_missing: "agent_fault",
  network: "transient",
  stalled: "transient",
  timeout: "transient",
  crashed: "transient",
  incomplete: "transient",
} as const satisfies Record<FailureCode, FailureClass>;

export class JobError extends Error {
  readonly code: FailureCode;
  readonly failureClass: FailureClass;

  /** `message` is for people and goes over the wire: no signed address, no path of this machine. */
  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.failureClass = CLASS_OF[code];
  }
}

/** The job was cancelled, lost or released: nothing is to be reported. */
export class Abandoned extends Error {}
