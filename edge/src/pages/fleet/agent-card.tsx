/** One machine in the list: who it is, how it stands, what it works on, and what can be done with it. */
import type { AgentView } from "../../fleet/agent-view.ts";
import { Icon } from "../icons.tsx";
import { formatPercent, formatWait } from "../shared/format.ts";
import { kindWords } from "../shared/job-words.ts";
import { agoWords, poolWords, secondsSince, machineWords, roomWords, stateWords } from "./words.ts";

/** Of a new agent; shown only where it differs. */
const USUAL_TIER = 5;

interface Card {
  agent: AgentView;
  /** Those that take agents. */
  pools: readonly string[];
  now: number;
}

export function AgentCard({ agent, pools, now }: Card) {
  return (
    <li class="agent" data-state={agent.state}>
      <div class="agent-head">
        <h2 class="agent-name">{agent.label}</h2>
        <p class="agent-state">{stateWords(agent)}</p>
        <Menu agent={agent} pools={pools} />
      </div>
      <p class="agent-facts">{machineWords(agent) || "It has not connected yet."}</p>
      {agent.jobs.length === 0 ? null : (
        <ul class="agent-jobs">
          {agent.jobs.map((job) => (
            <HeldJob job={job} now={now} />
          ))}
        </ul>
      )}
      <p class="agent-facts">
        {[
          roomWords(agent),
          `${agent.done} done`,
          `${agent.losses} lost`,
          agent.tier === USUAL_TIER ? "" : `tier ${agent.tier}`,
          poolWords(agent, pools),
        ]
          .filter((fact) => fact !== "")
          .join(" · ")}
        <LastSeen agent={agent} now={now} />
      </p>
    </li>
  );
}

function LastSeen({ agent, now }: { agent: AgentView; now: number }) {
  const { connected_at: connected, seen_at: seen } = agent;
  const at = connected ?? seen;
  if (at === null) return null;
  return (
    <>
      {connected === null ? " · last seen " : " · connected "}
      <span title={at}>{agoWords(at, now)}</span>
    </>
  );
}

function HeldJob({ job, now }: { job: AgentView["jobs"][number]; now: number }) {
  return (
    <li>
      <a href={`/agents/jobs/${job.id}`}>{kindWords(job.kind)}</a>
      <a class="fine" href={`/${job.file}`}>
        {job.file}
      </a>
      <progress
        value={job.fraction}
        max={1}
        aria-label={`${kindWords(job.kind)} of ${job.file}: ${formatPercent(job.fraction)}`}
      />
      <span class="fine">{`${job.slot ?? ""} · ${formatWait(secondsSince(job.started_at, now))}`}</span>
    </li>
  );
}

function Menu({ agent: { id, label, state }, pools }: Omit<Card, "now">) {
  const stopped = state === "paused" || state === "draining";
  return (
    <details class="menu scripted">
      <summary class="button quiet icon-only" id={`menu-${id}`} aria-label={`What to do with ${label}`}>
        <Icon name="gear" />
      </summary>
      <div class="menu-list">
        {stopped ? <Order id={id} state="active" words="Let it work" note="it takes jobs again" /> : null}
        {state === "draining" ? null : (
          <Order id={id} state="draining" words="Take no more" note="it finishes what it holds" />
        )}
        {state === "paused" ? null : (
          <Order id={id} state="paused" words="Pause" note="what it holds goes to others" />
        )}
        <button class="button quiet" type="button" data-opens={`edit-${id}`}>
          {pools.length > 1 ? "Name, tier and pool…" : "Name and tier…"}
        </button>
        <button class="button quiet danger" type="button" data-opens={`revoke-${id}`}>
          Revoke…
        </button>
      </div>
    </details>
  );
}

interface OrderWords {
  id: string;
  state: "active" | "paused" | "draining";
  words: string;
  note: string;
}

function Order({ id, state, words, note }: OrderWords) {
  return (
    <form data-api={`PATCH /api/agents/${id}`} data-done={words}>
      <input type="hidden" name="state" value={state} />
      <button class="button quiet">
        {words}
        <span class="fine">{note}</span>
      </button>
      <p class="problem" role="alert"></p>
    </form>
  );
}
