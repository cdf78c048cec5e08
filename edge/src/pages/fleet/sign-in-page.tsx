/** What others see in place of the operator's pages: the door, or why there is none. */
import type { Refusal } from "../../identity/visitor.ts";
import { Icon } from "../icons.tsx";
import { page } from "../layout.tsx";
import { SITE_NAME } from "../open-graph.ts";

export function signInPage(refusal: Refusal) {
  return page(
    { title: `Operator · ${SITE_NAME}`, scripts: ["fleet"], styles: ["fleet"] },
    <section class="state fleet">
      <Icon name="lock" />
      {refusal.reason === "unset" ? <NoOperator /> : <SignIn />}
    </section>,
  );
}

function SignIn() {
  return (
    <>
      <h1>For the operator of this host</h1>
      <p>
        {"Its token is what "}
        <code>OPERATOR_TOKEN</code>
        {" was set to. On your own machine, "}
        <code>npm start</code>
        {" says where it lies."}
      </p>
      <form class="sign-in scripted" data-api="POST /api/operator/session" data-then="reload">
        <input type="text" name="username" value="operator" autocomplete="username" disabled hidden />
        <label for="token">Token</label>
        <input
          id="token"
          name="token"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          spellcheck={false}
        />
        <p class="problem" role="alert"></p>
        <button class="button primary">Open</button>
      </form>
      <p class="unscripted">This page needs its script.</p>
    </>
  );
}

function NoOperator() {
  return (
    <>
      <h1>This host has no operator yet</h1>
      <p>Give it a token of 24 characters or more, then come back:</p>
      <p>
        <code>npx wrangler secret put OPERATOR_TOKEN</code>
      </p>
    </>
  );
}
