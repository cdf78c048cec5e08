/** Finds the programs that npm cannot bring, and installs them where that is allowed without asking. */
import { spawnSync } from "node:child_process";

export interface SystemTool {
  /** Any of these on the PATH will do. */
  commands: string[];
  /** Debian's package. */
  debian: string;
  purpose: string;
}

export const FFMPEG: SystemTool = { commands: ["ffmpeg"], debian: "ffmpeg", purpose: "makes the renditions" };
export const CURL: SystemTool = { commands: ["curl"], debian: "curl", purpose: "uploads as a user would" };
export const CHROMIUM: SystemTool = {
  commands: ["chromium", "chromium-browser", "google-chrome"],
  debian: "chromium",
  purpose: "watches the pages in the tests",
};

/** The tool's path, or null. */
export function findTool(tool: SystemTool): string | null {
  for (const command of tool.commands) {
    const found = spawnSync("sh", ["-c", `command -v ${command}`], { encoding: "utf8" });
    if (found.status === 0) return found.stdout.trim();
  }
  return null;
}

/**
 * Installs what is missing by apt when this is Debian (or kin) and we are root; otherwise throws with the one
 * command that would.
 */
export function ensureTools(tools: SystemTool[]): void {
  const missing = tools.filter((tool) => findTool(tool) === null);
  if (missing.length === 0) return;
  const packages = missing.map((tool) => tool.debian);
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || findTool({ commands: ["apt-get"], debian: "apt", purpose: "" }) === null) {
    throw new Error(advice(missing));
  }
  process.stderr.write(`Installing ${packages.join(" and ")} (apt-get) …\n`);
  apt(["update", "-qq"]);
  apt(["install", "-y", "-qq", "--no-install-recommends", ...packages]);
  const still = tools.filter((tool) => findTool(tool) === null);
  if (still.length > 0) throw new Error(advice(still));
}

function apt(args: string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const result = spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] });
  if (result.status !== 0) throw new Error(`apt-get ${args.join(" ")} failed; its own words are above.`);
}

function advice(missing: SystemTool[]): string {
  const names = missing.map((tool) => `${tool.commands[0]} (${tool.purpose})`).join(", ");
  const packages = missing.map((tool) => tool.debian).join(" ");
  return `Missing: ${names}. Install with: sudo apt-get install -y ${packages}   (macOS: brew install ${packages})`;
}
