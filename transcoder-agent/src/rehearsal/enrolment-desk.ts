/** The part of an edge that enrols agents, for tests: decides what it is told to, and remembers who asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Decision = "waiting" | "confirmed" | "declined" | "expired" | "silent" | "unknown";

export const DESK_KEY = "cca_AbCdEfGhIjKl_0123456789012345678901234567890123456789abc";
const POLL_TOKEN = "poll-token-0123456789abcdef";

export class EnrolmentDesk {
  decision: Decision = "waiting";
  /** Instead of a code. */
  refusal: { status: number; body: unknown } | null = null;
  readonly asked: { label: string; platform: string }[] = [];
  polls = 0;
  readonly edge: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.edge = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<EnrolmentDesk> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new EnrolmentDesk(server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, body: unknown) =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    const problem = (status: number, description: string) =>
      send(status, { success: false, description, error: { hint: "Ask again." } });
    if (request.method === "POST" && request.url === "/api/enrolments") {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      if (this.refusal) return send(this.refusal.status, this.refusal.body);
      this.asked.push(JSON.parse(text) as { label: string; platform: string });
      return send(201, {
        success: true,
        code: "ABCD-EFGH",
        poll_token: POLL_TOKEN,
        url: `${this.edge}/agents/enroll?code=ABCD-EFGH`,
        expires_at: new Date(Date.now() + 600_000).toISOString(),
        interval_s: 0.02,
      });
    }
    if (request.url !== "/api/enrolments/ABCD-EFGH") return problem(404, "There is nothing here.");
    this.polls += 1;
    if (request.headers.authorization !== `Bearer ${POLL_TOKEN}`) return problem(401, "Unknown token.");
    switch (this.decision) {
      case "waiting":
        return send(202, { success: true, state: "waiting" });
      case "confirmed":
        return send(200, { success: true, state: "confirmed", id: "AbCdEfGhIjKl", key: DESK_KEY });
      case "declined":
        return problem(410, "This enrolment was declined.");
      case "expired":
        return problem(410, "This code has expired.");
      case "unknown":
        return problem(401, "Unknown code.");
      case "silent":
        request.socket.destroy();
    }
  }
}
