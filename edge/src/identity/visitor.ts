/**
 * Who is asking. For now everybody is anonymous; a signed-in user and an API key become members of the same
 * union, and code that switches over `kind` will not compile until it knows them.
 */
import type { Config } from "../config.ts";
import { Problem } from "../http/problems.ts";

declare module "hono" {
  interface ContextVariableMap {
    visitor: Visitor;
  }
}

export type Visitor = { kind: "anonymous"; owner: "anonymous" };

export function resolveVisitor(_request: Request, _config: Config): Visitor {
  return { kind: "anonymous", owner: "anonymous" };
}

/** What rows of this visitor's own have in their `owner` column. */
export function ownerScope(visitor: Visitor): string {
  return visitor.owner;
}

/** Throws where this visitor may not upload. */
export function requireUploader(visitor: Visitor, config: Config): void {
  if (visitor.kind === "anonymous" && !config.anonymousUploads) {
    throw new Problem("unauthorized", "This host takes no uploads from strangers.", {
      hint: 'Its owner can allow them by ANONYMOUS_UPLOADS = "true" in wrangler.toml.',
    });
  }
}
