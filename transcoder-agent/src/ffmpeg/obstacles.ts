/**
 * Why tools cannot be confined in namespaces here, and what a person can do about it, in one sentence for
 * `capcloud-agent check`. Reads a few switches of the system; changes none.
 */
import { existsSync, readFileSync } from "node:fs";

/** The reason given where the owner wants it so. */
export const isHeld = "CAPCLOUD_SANDBOX=limits";

/** What the kernel lets a plain user do, by file, value and how to change it. */
const SWITCHES: readonly [file: string, off: string, mend: string][] = [
  ["kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"],
  ["user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=15000"],
  [
    "kernel/apparmor_restrict_unprivileged_userns",
    "1",
    "allow them for this agent by an AppArmor profile (docs/sandbox.md)",
  ],
];
const IN_CONTAINER = ["/.dockerenv", "/run/.containerenv", "/var/run/secrets/kubernetes.io"];

export function explain(reason: string): string {
  if (reason === isHeld) return "CAPCLOUD_SANDBOX=limits asks for no more";
  if (process.platform !== "linux") return "namespaces are Linux's";
  if (reason.endsWith("is missing")) return `${reason}; install util-linux`;
  for (const [file, off, mend] of SWITCHES) {
    if (readSwitch(file) === off) return `user namespaces are off here; ${mend}`;
  }
  if (IN_CONTAINER.some((path) => existsSync(path)))
    return "this container may not make user namespaces; allow them to it (docs/sandbox.md)";
  return `namespaces do not work here (${reason.slice(0, 120)}); see docs/sandbox.md`;
}

function readSwitch(file: string): string | null {
  try {
    return readFileSync(`/proc/sys/${file}`, "utf8").trim();
  } catch {
    return null;
  }
}
