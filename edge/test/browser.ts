/** The system's Chromium, driven by playwright-core: what a visitor sees and hears. */
import { type Browser, chromium, type Page } from "playwright-core";
import { CHROMIUM, findTool } from "../../scripts/system-tools.ts";

export async function openBrowser(): Promise<Browser> {
  const executablePath = findTool(CHROMIUM);
  if (executablePath === null) throw new Error("Chromium is missing: apt-get install chromium");
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
}

export interface Watched {
  /** Console errors and uncaught exceptions, which a page must not have. */
  complaints: string[];
  /** Hosts other than the edge's that the page asked. */
  strangers: string[];
}

/** Notes what a page must not do, from before its first request. */
export function watchPage(page: Page, host: string): Watched {
  const watched: Watched = { complaints: [], strangers: [] };
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") watched.complaints.push(message.text());
  });
  page.on("pageerror", (error) => watched.complaints.push(error.message));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(host) && !url.startsWith("blob:") && !url.startsWith("data:"))
      watched.strangers.push(url);
  });
  return watched;
}
