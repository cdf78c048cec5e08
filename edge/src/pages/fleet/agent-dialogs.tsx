/** Dialogs of the agents' page, apart from the cards, which are drawn anew while a dialog is open. */
import type { AgentView } from "../../fleet/agent-view.ts";
import { LONGEST_LABEL } from "../../fleet/desk.ts";

/** `pools`: those that take agents. */
export function AgentDialogs({ agents, pools }: { agents: AgentView[]; pools: readonly string[] }) {
  return (
    <div id="agent-dialogs" data-live>
      {agents.map((agent) => (
        <>
          <Edit agent={agent} pools={pools} />
          <Revoke agent={agent} />
        </>
      ))}
    </div>
  );
}

function Edit({ agent, pools }: { agent: AgentView; pools: readonly string[] }) {
  const { id, label, tier } = agent;
  return (
    <dialog id={`edit-${id}`} aria-labelledby={`edit-title-${id}`}>
      <h2 id={`edit-title-${id}`}>{label}</h2>
      <form data-api={`PATCH /api/agents/${id}`} data-done="Saved" class="fields">
        <label for={`label-${id}`}>Name</label>
        <input id={`label-${id}`} name="label" type="text" value={label} maxlength={LONGEST_LABEL} required />
        <label for={`tier-${id}`}>Tier</label>
        <select id={`tier-${id}`} name="tier" data-number>
          {Array.from({ length: 10 }, (_, value) => (
            <option value={String(value)} selected={value === tier}>
              {tierWords(value)}
            </option>
          ))}
        </select>
        <p class="fine">Machines of a higher tier get jobs first.</p>
        {pools.length > 1 ? <Home agent={agent} pools={pools} /> : null}
        <p class="problem" role="alert"></p>
        <div class="state-actions">
          <button class="button primary">Save</button>
          <button class="button" formmethod="dialog" formnovalidate value="cancel">
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}

/**
 * One that takes no agents any more stays chosen until another is. Who is elsewhere is sent home by any "Save", so that
 * a choice that did not get through can be made once more.
 */
function Home({ agent: { id, pool: here, home }, pools }: { agent: AgentView; pools: readonly string[] }) {
  const sentAnyway = here !== home && pools.includes(home);
  return (
    <>
      <label for={`pool-${id}`}>Pool</label>
      <select id={`pool-${id}`} name="pool" data-changed={sentAnyway ? undefined : ""}>
        {[...new Set([home, ...pools])].map((pool) => (
          <option value={pool} selected={pool === home}>
            {pool}
          </option>
        ))}
      </select>
      <p class="fine">It goes there once it holds no job, and may be lent to other pools while idle.</p>
    </>
  );
}

function tierWords(tier: number): string {
  if (tier === 9) return "9, first";
  if (tier === 5) return "5, usual";
  return tier === 0 ? "0, last" : String(tier);
}

function Revoke({ agent: { id, label } }: { agent: AgentView }) {
  return (
    <dialog id={`revoke-${id}`} aria-labelledby={`revoke-title-${id}`}>
      <h2 id={`revoke-title-${id}`}>{`Revoke ${label}?`}</h2>
      <p>
        Its key is worth nothing from now on and what it holds goes to others at once. This cannot be undone.
      </p>
      <form data-api={`DELETE /api/agents/${id}`} data-done="Revoked" class="state-actions">
        <p class="problem" role="alert"></p>
        <button class="button danger">Revoke</button>
        <button class="button" formmethod="dialog" formnovalidate value="cancel">
          Keep it
        </button>
      </form>
    </dialog>
  );
}
