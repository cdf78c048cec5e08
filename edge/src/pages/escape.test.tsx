import { expect, test } from "vitest";
import type { FileKind } from "../db/schema.ts";
import { FILE_KINDS } from "../db/schema.ts";
import { Problem } from "../http/problems.ts";
import { deletePage } from "./delete-page.tsx";
import { filePage } from "./file-page.tsx";
import { agentsPage } from "./fleet/agents-page.tsx";
import { enrollPage } from "./fleet/enroll-page.tsx";
import { jobPage } from "./fleet/job-page.tsx";
import { jobsPage } from "./fleet/jobs-page.tsx";
import { blockText } from "./json-block.tsx";
import { problemPage } from "./problem-page.tsx";
import { agentOf, enrolmentOf, jobOf, NOON, queueOf } from "./testing/fleets.ts";
import { HOSTILE, recordOf, renditionOf } from "./testing/records.ts";

/** Every tag with the names of its attributes: what a name must never change. */
function skeleton(page: string): string[] {
  return [...page.matchAll(/<(\/?[a-z!][^\s>/]*)([^>]*)>/gi)].map(([, tag, attributes = ""]) =>
    [
      tag,
      ...attributes
        .replaceAll(/="[^"]*"/g, "")
        .trim()
        .split(/\s+/),
    ].join(" "),
  );
}

async function render(kind: FileKind, hostile: string): Promise<string> {
  const record = recordOf({
    name: hostile,
    reason: hostile,
    status: "partial",
    type: "video/mp4",
    renditions: [renditionOf("rung", "480", "failed", { reason: hostile })],
  });
  return String(
    await filePage({ record, kind, text: { text: hostile, cut: true }, uploadedAt: 0, operator: true }),
  );
}

test.each(FILE_KINDS.flatMap((kind) => HOSTILE.map((name) => [kind, name] as const)))(
  "the page of a file of kind %s called %j has no tag more",
  async (kind, name) => {
    const [page, harmless] = await Promise.all([render(kind, name), render(kind, "plain")]);
    expect(skeleton(page)).toEqual(skeleton(harmless));
  },
);

test.each(HOSTILE)("neither a delete page nor a problem is broken by %j", async (hostile) => {
  const file = { id: "Ab3dE9fGh1", name: hostile, size: 5 };
  const pages = (words: string) =>
    Promise.all([
      deletePage({ ...file, name: words }, words),
      problemPage(new Problem("not_found", words, { hint: words }), words),
    ]);
  const [mean, plain] = await Promise.all([pages(hostile), pages("plain")]);
  expect(mean.map((page) => skeleton(String(page)))).toEqual(plain.map((page) => skeleton(String(page))));
});

test.each(HOSTILE)(
  "no page of the operator's is broken by a machine that calls itself %j",
  async (hostile) => {
    const pages = (words: string) => {
      const error = { code: "crashed", message: words };
      const job = jobOf({ part: words, error });
      return Promise.all([
        agentsPage({
          agents: [
            agentOf({ label: words, reason: words, platform: words, encoders: [words], state: "resting" }),
          ],
          ...{ queue: queueOf(), pools: ["main", words], origin: "https://files.example", now: NOON },
        }),
        jobsPage({ jobs: [job], next: null, state: null, file: words, now: NOON }),
        jobPage(
          { ...job, history: job.history.map((attempt) => ({ ...attempt, label: words, error })) },
          NOON,
        ),
        enrollPage({ enrolment: enrolmentOf({ label: words, platform: words }), now: NOON }),
        enrollPage({ enrolment: null, asked: words }),
      ]);
    };
    const [mean, plain] = await Promise.all([pages(hostile), pages("plain")]);
    expect(mean.map((page) => skeleton(String(page)))).toEqual(plain.map((page) => skeleton(String(page))));
  },
);

test.each(HOSTILE)("a block of data holding %j stays one block and reads back the same", (hostile) => {
  const text = blockText({ name: hostile });
  expect(text).not.toMatch(/[<>&\u2028\u2029]/);
  expect(JSON.parse(text)).toEqual({ name: hostile });
});

test("a text keeps its first line break, which parsers drop after <pre>", async () => {
  expect(await render("text", "\n\nsecond")).toMatch(/<pre[^>]*>\n\n\nsecond<\/pre>/);
});
