/** Jobs for the operator: the list, one with its history, and the steps that only people take. */
import { z } from "zod";
import { JOB_STATES } from "../../coordinator/ledger/ledger-types.ts";
import { createApp } from "../../http/app.ts";
import { Problem } from "../../http/problems.ts";
import { rateLimit } from "../../http/rate-limit.ts";
import { readJob, readJobs, takeStep } from "../jobs.ts";
import { deskOf, FRESH, operatorOnly } from "./operator-only.ts";

const Query = z.object({
  state: z.enum(JOB_STATES).optional(),
  file: z.string().max(40).optional(),
  cursor: z.string().max(80).optional(),
});

export const jobRoutes = createApp();

jobRoutes.get("/api/jobs", rateLimit("READ_LIMIT"), operatorOnly, async (c) => {
  const given = Object.entries(c.req.query()).filter(([, value]) => value !== "");
  const query = Query.safeParse(Object.fromEntries(given));
  if (!query.success) {
    throw new Problem("invalid", "The query does not fit.", {
      hint: `state is one of ${JOB_STATES.join(", ")}; file is a file's id; cursor the next of the page before.`,
    });
  }
  const { state, file: fileId, cursor } = query.data;
  return c.json({ success: true, ...(await readJobs(deskOf(c), { state, fileId, cursor })) }, 200, FRESH);
});

jobRoutes.get("/api/jobs/:id", rateLimit("READ_LIMIT"), operatorOnly, async (c) =>
  c.json({ success: true, ...(await readJob(deskOf(c), c.req.param("id"))) }, 200, FRESH),
);

for (const step of ["cancel", "retry", "redrive"] as const) {
  jobRoutes.post(`/api/jobs/:id/${step}`, rateLimit("READ_LIMIT"), operatorOnly, async (c) =>
    c.json({ success: true, ...(await takeStep(deskOf(c), c.req.param("id"), step)) }, 200, FRESH),
  );
}
