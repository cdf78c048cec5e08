/**
 * Ties a child to this process: when this process is killed outright, the kernel signals the child (Linux with
 * util-linux; elsewhere the child starts untied). An orderly stop never relies on it.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";

let found: boolean | undefined;

function canTether(): boolean {
  if (found !== undefined) return found;
  try {
    execFileSync("setpriv", ["--pdeathsig", "KILL", "true"], { stdio: "ignore" });
    found = true;
  } catch {
    found = false;
  }
  return found;
}

/** The command and arguments that start `command` tied to us. */
export function tethered(signal: "KILL" | "TERM", command: string, args: string[]): [string, string[]] {
  return canTether() ? ["setpriv", ["--pdeathsig", signal, command, ...args]] : [command, args];
}

/** Writes a script that starts `command`, tied, with whatever arguments it is given; answers its path. */
export function tetheredScript(path: string, command: string): string {
  if (!canTether()) return command;
  writeFileSync(path, `#!/bin/sh\nexec setpriv --pdeathsig KILL '${command}' "$@"\n`);
  chmodSync(path, 0o700);
  return path;
}
