/** `capcloud-agent check`: what this machine can do, for people or as JSON. */
import { tmpdir } from "node:os";
import { surveyMachine } from "../machine/capabilities.ts";
import { checkUp, formatCheckup } from "../check.ts";
import { createLog } from "../log.ts";
import { VERSION } from "../version.ts";
import { EXIT } from "./exit.ts";
import { gather, type Options } from "./gather.ts";

export async function check(flags: Options, { json }: { json?: true }): Promise<number> {
  const config = (await gather(flags)).base();
  const machine = await surveyMachine({ ...config, log: createLog(config.log) });
  const checkup = await checkUp(machine, config.workspace ?? tmpdir(), VERSION);
  process.stdout.write(`${json ? JSON.stringify(checkup) : formatCheckup(checkup)}\n`);
  return checkup.ok ? 0 : checkup.kinds.length > 0 ? EXIT.failed : EXIT.incapable;
}
