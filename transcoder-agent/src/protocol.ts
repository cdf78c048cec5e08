/**
 * THE WIRE: every frame between an agent and the coordinator, as zod schemas from which the types are
 * inferred. The agent owns it and the edge borrows it as `#protocol`;
 * it imports nothing but its own parts in `protocol/`.
 *
 * Rules of age: unknown keys are ignored, an unknown `type` is answered by an `error` frame, and a frame
 * once shipped is never changed in meaning (`protocol.test.ts` parses a frozen sample of each for ever).
 * Times in frames are durations in milliseconds, never instants: the two clocks are never compared.
 */
export * from "./protocol/constants.ts";
export * from "./protocol/recipes.ts";
export * from "./protocol/results.ts";
export * from "./protocol/agent-frames.ts";
export * from "./protocol/coordinator-frames.ts";
