/** The operator of a test edge: requests with the token, and what comes back. */
import type { AgentView, QueueView } from "../agent-view.ts";
import type { JobViewWithHistory } from "../job-view.ts";

export const TOKEN = "the operator's token of these tests".replaceAll(/[ ']/g, "-");
export const BEARER = { authorization: `Bearer ${TOKEN}` };

export interface Answered<T = unknown> {
  status: number;
  headers: Headers;
  body: T;
}

export async function ask<T = Record<string, unknown>>(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = BEARER,
): Promise<Answered<T>> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === "" ? null : JSON.parse(text)) as T,
  };
}

export const codeOf = ({ body }: Answered): string => (body as { error: { code: string } }).error.code;

export interface Fleet {
  agents: AgentView[];
  queue: QueueView;
}

export const fleetOf = async (url: string) => (await ask<Fleet>(url, "GET", "/api/agents")).body;
export const agentOf = async (url: string, id: string): Promise<AgentView> => {
  const agent = (await fleetOf(url)).agents.find((one) => one.id === id);
  if (!agent) throw new Error(`no agent ${id}`);
  return agent;
};
export const jobOf = async (url: string, id: string) =>
  (await ask<JobViewWithHistory>(url, "GET", `/api/jobs/${id}`)).body;
