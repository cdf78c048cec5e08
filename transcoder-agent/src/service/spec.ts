/** What a service of this agent is made from, whatever kind of service it is. Filled in by `cli/service.ts`. */

export interface ServiceSpec {
  version: string;
  /** Host of the edge, for descriptions. */
  edgeHost: string;
  /** Variables and values, as `--help` names them; no key among them. */
  environment: Readonly<Record<string, string>>;
  /** Where the key lies on this machine. */
  keyFile: string;
  /** Seconds that jobs may go on for after a stop. */
  drainSeconds: number;
  /** The port of its own health page, if it has one. */
  healthPort: number | null;
}

/** Seconds beyond the drain for releases, killed tools and clean-up (`runner.ts`), and some to spare. */
const STOP_SECONDS = 30;

/** Seconds after which a service that was asked to stop may be killed. */
export function stopSeconds({ drainSeconds }: ServiceSpec): number {
  return Math.ceil(drainSeconds) + STOP_SECONDS;
}
