/** The frame of the operator's pages: their style, their script and the way between them. */
import type { Child } from "hono/jsx";
import { page } from "../layout.tsx";
import { SITE_NAME } from "../open-graph.ts";

export type Place = "agents" | "jobs";

/** `place`: which of the two this is, or belongs to. */
export function fleetPage(title: string, place: Place, body: Child) {
  return page(
    { title: `${title} · ${SITE_NAME}`, scripts: ["fleet"], styles: ["fleet"] },
    <div class="fleet">
      <nav class="places" aria-label="Operator">
        <PlaceLink href="/agents" words="Agents" here={place === "agents"} />
        <PlaceLink href="/agents/jobs" words="Jobs" here={place === "jobs"} />
        <form data-api="DELETE /api/operator/session" data-then="/agents" class="scripted">
          <button class="button quiet">Sign out</button>
        </form>
      </nav>
      <p class="trouble" id="trouble" role="status" hidden>
        The host does not answer; what stands here may be old. Trying again…
      </p>
      {body}
    </div>,
  );
}

function PlaceLink({ href, words, here }: { href: string; words: string; here: boolean }) {
  return (
    <a class="button quiet" href={href} aria-current={here ? "page" : undefined}>
      {words}
    </a>
  );
}

/** A point in time in the visitor's own zone, once the script is there. */
export function Moment({ at }: { at: string | null }) {
  if (at === null) return <>unknown</>;
  return <time datetime={at}>{`${at.slice(0, 16).replace("T", " ")} UTC`}</time>;
}
