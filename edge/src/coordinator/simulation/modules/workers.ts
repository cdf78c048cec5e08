/** Stands in for `cloudflare:workers` in a simulation: the base class of the object, and nothing else. */
export class DurableObject {
  readonly ctx: unknown;
  readonly env: unknown;

  constructor(ctx: unknown, env: unknown) {
    this.ctx = ctx;
    this.env = env;
  }
}
