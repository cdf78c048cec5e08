/** An agent reads strangers' files with ffmpeg, so it does not run as root unless its owner insists. Used by `cli/run.ts`. */
import { ConfigError } from "../settings/settings.ts";

/** `uid` is undefined where the system has no such thing. */
export function demandOrdinaryUser(allowed: boolean, uid: number | undefined = process.getuid?.()): void {
  if (uid !== 0 || allowed) return;
  throw new ConfigError(
    "This agent does not run as root: it opens strangers' files. Start it as an ordinary user, or let `capcloud-agent service` give it one of its own. If root it must be: --allow-root, or CAPCLOUD_ALLOW_ROOT=1.",
  );
}
