/** The jobs of a run as its operator sees them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { OPERATOR_TOKEN_FILE } from "../local-edge.ts";

const Page = z.object({
  jobs: z.array(
    z.object({ id: z.string(), kind: z.string(), file: z.string(), agent: z.string().nullable() }),
  ),
  next: z.string().nullable(),
});
export type SeenJob = z.infer<typeof Page>["jobs"][number];

const OPEN = ["blocked", "ready", "leased", "committing", "retry_wait"] as const;
const LIMIT_MS = 10_000;

export class Operator {
  readonly #host: string;
  readonly #headers: Record<string, string>;

  /** `folder`: where the edge keeps its data. */
  constructor(host: string, folder: string) {
    this.#host = host;
    const token = readFileSync(join(folder, OPERATOR_TOKEN_FILE), "utf8").trim();
    this.#headers = { authorization: `Bearer ${token}` };
  }

  /** All that are not over. */
  async open(): Promise<SeenJob[]> {
    const pages = await Promise.all(OPEN.map((state) => this.inState(state)));
    return pages.flat();
  }

  async inState(state: (typeof OPEN)[number]): Promise<SeenJob[]> {
    const found: SeenJob[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const query = new URLSearchParams({ state, ...(cursor !== "" && { cursor }) });
      const answer = await fetch(`${this.#host}/api/jobs?${query.toString()}`, {
        headers: this.#headers,
        signal: AbortSignal.timeout(LIMIT_MS),
      });
      if (!answer.ok) throw new Error(`The list of jobs answers ${answer.status}.`);
      const page = Page.parse(await answer.json());
      found.push(...page.jobs);
      cursor = page.next;
    }
    return found;
  }
}
