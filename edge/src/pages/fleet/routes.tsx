/** The operator's pages: agents, jobs, enrolment. Everybody else gets the door in their place. */
import type { Context, MiddlewareHandler } from "hono";
import { z } from "zod";
import { readCode } from "../../catalog/enrolments.ts";
import { JOB_STATES } from "../../coordinator/ledger/ledger-types.ts";
import { readFleet } from "../../fleet/agents.ts";
import { type EnrolmentView, readEnrolment } from "../../fleet/enrolling.ts";
import { readJob, readJobs } from "../../fleet/jobs.ts";
import { deskOf } from "../../fleet/routes/operator-only.ts";
import { type AppEnv, createApp } from "../../http/app.ts";
import { pageHeaders } from "../../http/headers.ts";
import { Problem } from "../../http/problems.ts";
import { agentsPage } from "./agents-page.tsx";
import { enrollPage } from "./enroll-page.tsx";
import { jobPage } from "./job-page.tsx";
import { jobsPage } from "./jobs-page.tsx";
import { signInPage } from "./sign-in-page.tsx";

/** Never kept: what stands there is nobody else's business. */
const HEADERS = { ...pageHeaders(), "Cache-Control": "no-store" };
/** What an address may ask for; anything else counts as not said. */
const Filters = z.object({
  state: z.enum(JOB_STATES).nullable().catch(null),
  file: z.string().max(40).min(1).nullable().catch(null),
  cursor: z.string().max(80).min(1).nullable().catch(null),
});

export const fleetPageRoutes = createApp();

const operatorPage: MiddlewareHandler<AppEnv> = async (c, next) => {
  const visitor = c.get("visitor");
  if (visitor.kind === "operator") return next();
  const status = visitor.refusal.reason === "unset" ? 403 : 401;
  return c.html(signInPage(visitor.refusal), status, HEADERS);
};

fleetPageRoutes.get("/agents", operatorPage, async (c) => {
  const now = Date.now();
  const fleet = await readFleet(deskOf(c), now);
  const { pools } = c.get("config");
  return answer(c, agentsPage({ ...fleet, pools, origin: c.get("origin"), now }));
});

fleetPageRoutes.get("/agents/enroll", operatorPage, async (c) => {
  const now = Date.now();
  const asked = c.req.query("code")?.trim() || null;
  const enrolment = asked === null ? null : await findEnrolment(c, asked, now);
  return answer(c, enrollPage(enrolment === null ? { enrolment, asked } : { enrolment, now }));
});

fleetPageRoutes.get("/agents/jobs", operatorPage, async (c) => {
  const { state, file, cursor } = Filters.parse({ state: null, file: null, cursor: null, ...c.req.query() });
  const query = { state: state ?? undefined, fileId: file ?? undefined, cursor: cursor ?? undefined };
  return answer(c, jobsPage({ ...(await readJobs(deskOf(c), query)), state, file, now: Date.now() }));
});

fleetPageRoutes.get("/agents/jobs/:id", operatorPage, async (c) =>
  answer(c, jobPage(await readJob(deskOf(c), c.req.param("id")), Date.now())),
);

function answer(c: Context<AppEnv>, body: ReturnType<typeof agentsPage>) {
  return c.html(body, 200, HEADERS);
}

/** Null for a code that no machine shows. */
async function findEnrolment(c: Context<AppEnv>, asked: string, now: number): Promise<EnrolmentView | null> {
  try {
    return await readEnrolment(deskOf(c), readCode(asked), now);
  } catch (error) {
    if (error instanceof Problem && error.code === "not_found") return null;
    throw error;
  }
}
