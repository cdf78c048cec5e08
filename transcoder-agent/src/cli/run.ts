/** `capcloud-agent`: works until a signal, the edge or idleness ends it. */
import { createLog } from "../log.ts";
import { demandOrdinaryUser } from "../machine/root.ts";
import { EXIT } from "./exit.ts";
import { gather, type Options } from "./gather.ts";

/** Milliseconds between the end of an agent and that of its process. */
const EXIT_MS = 2_000;

export async function run(flags: Options): Promise<number> {
  const settings = await gather(flags);
  const warnings = createLog(settings.base().log);
  const config = await settings.agent((sentence) => warnings.warn(sentence));
  demandOrdinaryUser(config.allowRoot);
  const log = createLog({ ...config.log, secrets: [config.key] });
  // What this process starts has no business with the key.
  delete process.env["CAPCLOUD_KEY"];
  // Image and video code is not needed to say that a flag is wrong.
  const { runAgent } = await import("../agent.ts");
  const end = await runAgent(config, log);
  if (end === "incapable") log.error("This machine can do no job yet: run `capcloud-agent check`.");
  // All is given back by now; whatever still holds the process is not waited for.
  setTimeout(() => process.exit(), EXIT_MS).unref();
  return EXIT[end];
}
