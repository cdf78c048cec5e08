/** `/agents/enroll`: a machine asks to join, and the operator says yes or no. Without a code it asks for one. */
import { LONGEST_LABEL } from "../../fleet/desk.ts";
import type { EnrolmentView } from "../../fleet/enrolling.ts";
import { Icon } from "../icons.tsx";
import { fleetPage } from "./shell.tsx";
import { agoWords } from "./words.ts";

/** `asked`: the code as it was typed, where there is no such enrolment. */
export type EnrollView =
  | { enrolment: EnrolmentView; now: number }
  | { enrolment: null; asked: string | null };

export function enrollPage(view: EnrollView) {
  return fleetPage(
    "Let a machine in",
    "agents",
    <section class="state">
      {view.enrolment === null ? (
        <AskCode asked={view.asked} />
      ) : (
        <Answer enrolment={view.enrolment} now={view.now} />
      )}
    </section>,
  );
}

function AskCode({ asked }: { asked: string | null }) {
  return (
    <>
      <Icon name="plus" />
      <h1>Let a machine in</h1>
      <p>
        {asked === null
          ? "Enter the code that the machine shows."
          : `No machine asks with the code ${asked}. Codes hold for ten minutes; look at the machine again.`}
      </p>
      <form class="fields" method="get" action="/agents/enroll">
        <label for="code">Code</label>
        <input
          id="code"
          name="code"
          type="text"
          placeholder="ABCD-EFGH"
          autocomplete="off"
          required
          autofocus
        />
        <button class="button primary">Go on</button>
      </form>
    </>
  );
}

function Answer({ enrolment, now }: { enrolment: EnrolmentView; now: number }) {
  switch (enrolment.state) {
    case "waiting":
      return <Waiting enrolment={enrolment} now={now} />;
    case "confirmed":
      return (
        <Said
          icon="check"
          title={`${enrolment.label} is in`}
          words="It fetches its key and starts working by itself."
        />
      );
    case "declined":
      return <Said icon="close" title={`${enrolment.label} was sent away`} words="It got no key." />;
    case "expired":
      return (
        <Said
          icon="clock"
          title="This code is too old"
          words="Codes hold for ten minutes. Run capcloud-agent enroll again on the machine."
        />
      );
  }
}

function Waiting({ enrolment, now }: { enrolment: EnrolmentView; now: number }) {
  const { code, label, platform, address, country, created_at: asked } = enrolment;
  return (
    <>
      <Icon name="lock" />
      <h1>{`Let ${label} in?`}</h1>
      <p>
        It will get originals of uploads to work on, one at a time. Say yes only if the machine itself shows
        this code:
      </p>
      <p class="code">{code}</p>
      <dl class="details">
        <Fact term="Machine" value={platform} />
        <Fact term="From" value={[address, country].filter(Boolean).join(", ") || "unknown"} />
        <Fact term="Asked" value={agoWords(asked, now)} />
      </dl>
      <form class="fields" data-api={`POST /api/enrolments/${code}/confirm`} data-then="reload">
        <label for="label">Name</label>
        <input id="label" name="label" type="text" value={label} maxlength={LONGEST_LABEL} required />
        <p class="problem" role="alert"></p>
        <button class="button primary scripted">Let it in</button>
      </form>
      <form data-api={`POST /api/enrolments/${code}/decline`} data-then="reload">
        <button class="button danger scripted">Send it away</button>
        <p class="problem" role="alert"></p>
      </form>
    </>
  );
}

function Fact({ term, value }: { term: string; value: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Said({ icon, title, words }: { icon: "check" | "close" | "clock"; title: string; words: string }) {
  return (
    <>
      <Icon name={icon} />
      <h1>{title}</h1>
      <p>{words}</p>
      <p class="state-actions">
        <a class="button primary" href="/agents">
          To the agents
        </a>
      </p>
    </>
  );
}
