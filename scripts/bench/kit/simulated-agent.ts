/**
 * An agent in this process: a real socket that speaks the real wire, and a function in place of ffmpeg. Holds
 * its leases without renewing them, so a benchmark gives its house leases longer than any of its jobs.
 */
import { WebSocket } from "ws";
import {
  type AgentFrame,
  type Complete,
  CoordinatorFrame,
  type Grant,
  JobKind,
  type LeaseRef,
  PROTOCOL_VERSION,
  type Slots,
  SUBPROTOCOL,
  type Welcome,
} from "#protocol";

export interface SimulatedUpload {
  name: string;
  type: string;
  bytes: Uint8Array;
}

export interface SimulatedAgentOptions {
  host: string;
  key: string;
  label: string;
  slots: Slots;
  /** Of an agent that comes back: as before, with what it holds and where its counting stood. */
  bootId?: string;
  held?: LeaseRef[];
  afterSeq?: number;
  /** Called with each grant; what it throws is kept in `failures`. */
  work: (grant: Grant, agent: SimulatedAgent) => Promise<void> | void;
}

type Said = AgentFrame extends infer Frame ? (Frame extends AgentFrame ? Omit<Frame, "seq"> : never) : never;
type Reply = Extract<CoordinatorFrame, { re: number | null }>;

export class SimulatedAgent {
  readonly failures: unknown[] = [];
  readonly #options: SimulatedAgentOptions;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  /** Of its latest frame. */
  seq: number;
  /** What it was greeted with. */
  welcome: Welcome | null = null;

  private constructor(options: SimulatedAgentOptions, socket: WebSocket) {
    this.#options = options;
    this.seq = options.afterSeq ?? 0;
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#hear(data.toString()));
  }

  /** Resolves when the coordinator has welcomed it. */
  static async connect(options: SimulatedAgentOptions): Promise<SimulatedAgent> {
    // As the agent does: what is said is short, and squeezing it takes longer than sending it.
    const settings = { headers: { authorization: `Bearer ${options.key}` }, perMessageDeflate: false };
    const socket = new WebSocket(`${options.host.replace(/^http/, "ws")}/agent`, SUBPROTOCOL, settings);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    const agent = new SimulatedAgent(options, socket);
    const capabilities = {
      ...{ kinds: [...JobKind.options], encoders: ["libx264"], ffmpeg: "5.1" },
      ...{ cores: 1, memoryBytes: 1_000_000_000, platform: "simulated" },
    };
    const reply = await agent.ask({
      ...{
        type: "hello",
        protocol: PROTOCOL_VERSION,
        agentVersion: "0.0.0",
        bootId: options.bootId ?? crypto.randomUUID(),
      },
      ...{ label: options.label, capabilities, slots: options.slots, held: options.held ?? [] },
    });
    if (reply.type !== "welcome")
      throw new Error(`${options.label} was not welcomed: ${JSON.stringify(reply)}`);
    agent.welcome = reply;
    if (!options.held?.length) agent.ready(options.slots);
    return agent;
  }

  tell(frame: Said): number {
    const seq = (this.seq += 1);
    this.#socket.send(JSON.stringify({ ...frame, seq }));
    return seq;
  }

  ask(frame: Said): Promise<Reply> {
    return new Promise((resolve) => this.#waiting.set(this.tell(frame), resolve));
  }

  ready(slots: Slots): void {
    this.tell({ type: "ready", slots });
  }

  /** Signs, sends and reports; false where the lease is over. */
  async deliver(
    lease: LeaseRef,
    uploads: readonly SimulatedUpload[],
    result: Complete["result"],
  ): Promise<boolean> {
    const objects = uploads.length === 0 ? [] : await this.#upload(lease, uploads);
    const reply = await this.ask({ type: "complete", lease, objects, result });
    return reply.type === "accepted";
  }

  async #upload(lease: LeaseRef, uploads: readonly SimulatedUpload[]): Promise<Complete["objects"]> {
    const outputs = uploads.map(({ name, type, bytes }) => ({ name, type, size: bytes.length }));
    const signed = await this.ask({ type: "sign", lease, inputs: [], outputs, parts: [] });
    if (signed.type !== "signed") throw new Error(`not signed: ${JSON.stringify(signed)}`);
    return Promise.all(
      uploads.map(async ({ name, bytes }) => {
        const output = signed.outputs[name];
        if (!output || !("put" in output)) throw new Error(`no address for ${name}`);
        const { url, headers } = output.put;
        const answer = await fetch(url, { method: "PUT", headers, body: bytes.slice().buffer });
        await answer.arrayBuffer();
        if (!answer.ok) throw new Error(`PUT ${name} answered ${answer.status}`);
        return { name, size: bytes.length, etag: (answer.headers.get("etag") ?? "").replaceAll('"', "") };
      }),
    );
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.close(1000);
    await closed;
  }

  #hear(text: string): void {
    const frame = CoordinatorFrame.parse(JSON.parse(text));
    if (frame.type === "grant") {
      // A function that throws at once is caught as well.
      const work = async () => this.#options.work(frame, this);
      work().catch((error: unknown) => this.failures.push(error));
    } else if ("re" in frame && frame.re !== null) {
      this.#waiting.get(frame.re)?.(frame);
      this.#waiting.delete(frame.re);
    }
  }
}
