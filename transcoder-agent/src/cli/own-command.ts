/** How the person at the terminal starts this program: by name where it is installed, else through npx. */
import { fileURLToPath } from "node:url";

/** npx keeps what it fetched in a folder of this name. */
const FETCHED = /[/\\]_npx[/\\]/;

export function throughNpx(path: string = fileURLToPath(import.meta.url)): boolean {
  return FETCHED.test(path);
}

export function ownCommand(): string {
  return throughNpx() ? "npx capcloud-agent" : "capcloud-agent";
}
