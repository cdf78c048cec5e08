/** A thread of simulations: replaces its globals, then works off choices that it is sent, one at a time. */
import "./hooks.ts";
import { parentPort } from "node:worker_threads";
import type { Choice } from "./simulate.ts";

// Loaded after the hooks: what they import of the platform is ours.
const { installGlobals } = await import("./globals.ts");
const { simulate } = await import("./simulate.ts");
installGlobals();

async function work(choice: Choice): Promise<void> {
  const outcome = await simulate(choice);
  // A port of Node has no origins.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort?.postMessage(outcome);
}

parentPort?.on("message", (choice: Choice) => {
  void work(choice);
});
