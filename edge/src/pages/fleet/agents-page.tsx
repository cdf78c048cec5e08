/** `/agents`: every machine that lends itself to this host, what it does now, and how to add one. */
import type { AgentView, QueueView } from "../../fleet/agent-view.ts";
import { LONGEST_LABEL } from "../../fleet/desk.ts";
import { CopyField } from "../copy-field.tsx";
import { Icon } from "../icons.tsx";
import { AgentCard } from "./agent-card.tsx";
import { AgentDialogs } from "./agent-dialogs.tsx";
import { fleetPage } from "./shell.tsx";
import { queueWords, starvingWords } from "./words.ts";

export interface FleetView {
  agents: AgentView[];
  queue: QueueView;
  /** Those that take agents. */
  pools: readonly string[];
  /** Of this host, for the commands. */
  origin: string;
  now: number;
}

export function agentsPage(fleet: FleetView) {
  const listed = fleet.agents.filter(({ state }) => state !== "revoked").sort(comesBefore);
  const revoked = fleet.agents.filter(({ state }) => state === "revoked");
  return fleetPage(
    "Agents",
    "agents",
    <>
      <div class="section-head">
        <h1>Agents</h1>
        <button class="button scripted" type="button" data-opens="add-agent">
          <Icon name="plus" />
          Add a machine
        </button>
      </div>
      <div id="queue" data-live>
        <QueueLine queue={fleet.queue} agents={fleet.agents} />
      </div>
      <div id="agents" data-live>
        {listed.length === 0 ? (
          <NoAgents origin={fleet.origin} />
        ) : (
          <ul class="agents">
            {listed.map((agent) => (
              <AgentCard agent={agent} pools={fleet.pools} now={fleet.now} />
            ))}
          </ul>
        )}
        {revoked.length === 0 ? null : <Revoked agents={revoked} />}
      </div>
      <AddAgent origin={fleet.origin} />
      <AgentDialogs agents={listed} pools={fleet.pools} />
    </>,
  );
}

/** Those that are there first, then by name. */
function comesBefore(one: AgentView, other: AgentView): number {
  const away = Number(one.connected_at === null) - Number(other.connected_at === null);
  return away || one.label.localeCompare(other.label) || one.id.localeCompare(other.id);
}

function QueueLine({ queue, agents }: Pick<FleetView, "queue" | "agents">) {
  const starving = starvingWords(queue);
  return (
    <>
      <p class="queue-line">{queueWords(queue, agents)}</p>
      {starving === null ? null : (
        <p class="warning">
          <Icon name="alert" />
          <span>
            {starving} <a href="/agents/jobs?state=ready">See them</a>
          </span>
        </p>
      )}
    </>
  );
}

function NoAgents({ origin }: { origin: string }) {
  return (
    <section class="empty">
      <h2>No machine yet</h2>
      <p>
        Uploads work without one; pictures and videos get their thumbnails and qualities once a machine joins.
        On any computer with Node and ffmpeg:
      </p>
      <CopyField label="Run" text={enrollCommand(origin)} />
      <p class="fine">It shows a code and a link to this host; you say yes here, and it starts working.</p>
    </section>
  );
}

function Revoked({ agents }: { agents: AgentView[] }) {
  return (
    <details class="fold" id="revoked">
      <summary>{`${agents.length} revoked`}</summary>
      <ul class="revoked">
        {agents.map(({ label, id }) => (
          <li>
            {label} <code class="fine">{id}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Two ways: the machine asks and is let in, or it is handed a key. */
function AddAgent({ origin }: { origin: string }) {
  return (
    <dialog id="add-agent" aria-labelledby="add-agent-title">
      <h2 id="add-agent-title">Add a machine</h2>
      <p>On that machine, with Node 22.19 or newer and ffmpeg:</p>
      <CopyField label="Enrol" text={enrollCommand(origin)} />
      <p class="fine">It shows a code; open its link, or enter the code at /agents/enroll.</p>
      <h3>Or make a key</h3>
      <form data-api="POST /api/agents" data-reveals="new-key" data-done="The key is made">
        <label for="new-label">Name of the machine</label>
        <div class="in-line">
          <input
            id="new-label"
            name="label"
            type="text"
            maxlength={LONGEST_LABEL}
            required
            autocomplete="off"
          />
          <button class="button">Make a key</button>
        </div>
        <p class="problem" role="alert"></p>
      </form>
      <div id="new-key" hidden>
        <CopyField label="Key" text="" />
        <p class="fine">
          It is shown only now. Give it to the agent as CAPCLOUD_KEY or in a file (CAPCLOUD_KEY_FILE).
        </p>
      </div>
      <form method="dialog">
        <button class="button">Close</button>
      </form>
    </dialog>
  );
}

function enrollCommand(origin: string): string {
  return `npx capcloud-agent enroll --edge ${origin}`;
}
