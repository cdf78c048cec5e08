/** Opens a file's page in Chromium and plays the film to its end: what is buffered must be one stretch. */
import { playToTheEnd } from "../../../edge/client/testing/watching.ts";
import { openBrowser } from "../../../edge/test/browser.ts";
import type { Guard } from "../benchmark.ts";

const VIDEO = "#player video";
/** Seconds by which the ends of sound and picture may differ. */
const SLACK = 0.2;

/** For films that fit into the player's buffer: about a minute. */
export async function watchPage(url: string, seconds: number): Promise<Guard> {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForSelector(VIDEO, { state: "attached" });
    const { ranges, error } = await page.evaluate(playToTheEnd, VIDEO);
    const [first] = ranges;
    const whole = first !== undefined && first[0] < SLACK && Math.abs(first[1] - seconds) < SLACK;
    const said = ranges.map(([from, to]) => `${from.toFixed(2)}–${to.toFixed(2)} s`).join(", ");
    return {
      pass: ranges.length === 1 && whole && error === null,
      said: error ?? `buffered ${said || "nothing"}`,
    };
  } finally {
    await browser.close();
  }
}
