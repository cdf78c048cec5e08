/** Upgrades: from the agent's link through the edge's door, where its key is checked, to the object. */
import { verifyAgentKey } from "../../catalog/agents.ts";
import { openDatabase } from "../../db/client.ts";
import { orderOf, type AgentOrder } from "../admin/orders.ts";
import { AGENT_HEADER, ORDER_HEADER, ORIGIN_HEADER } from "../client.ts";
import type { ClientLine, Opening } from "./modules/ws.ts";
import type { ObjectHost } from "./object.ts";
import type { Plan } from "./plan.ts";
import { chance, type Chance } from "./random.ts";
import { Wire } from "./wire.ts";
import { createProcess, type Process, type World } from "./world.ts";

export const ORIGIN = "https://edge";

export class Network {
  readonly wires = new Map<Process, Wire>();
  /** Processes' names whose line to the edge is away. */
  readonly away = new Set<string>();
  /** So many frames come twice, whatever the line. */
  doubled: number;
  readonly #world: World;
  readonly #object: ObjectHost;
  readonly #env: Env;
  readonly #seed: number;
  readonly #chance: Chance;
  #count = 0;

  constructor(world: World, object: ObjectHost, env: Env, { seed, doubled }: Plan) {
    this.doubled = doubled;
    this.#world = world;
    this.#object = object;
    this.#env = env;
    this.#seed = seed;
    this.#chance = chance(seed, "network");
  }

  open({ headers, socket }: Opening): ClientLine {
    const world = this.#world;
    const owner = world.current;
    const key = headers["authorization"]?.replace("Bearer ", "") ?? "";
    let wire: Wire | null = null;
    let left = false;
    const edge = createProcess(`door.${(this.#count += 1)}`);
    const back = (label: string, act: () => void) =>
      world.after(this.#chance.between(5, 40), owner, label, act);
    const knock = async () => {
      const agent = await verifyAgentKey(openDatabase(this.#env.DB), key).catch(() => undefined);
      if (agent === undefined)
        return void back("503", () => socket.emit("unexpected-response", null, refusal(503)));
      if (agent === null)
        return void back("401", () => socket.emit("unexpected-response", null, refusal(401)));
      world.after(2, world.system, `${owner.name} knocks`, () => {
        if (left || !owner.alive) return;
        this.#join(orderOf(agent), owner, socket, (joined) => {
          wire = joined;
          if (left) joined?.dropFromClient();
          if (joined) back("opened", () => socket.opened());
          else back("503", () => socket.emit("unexpected-response", null, refusal(503)));
        });
      });
    };
    if (this.away.has(nameOf(owner)))
      back("unreachable", () => socket.failed(new Error("connect ECONNREFUSED")));
    else world.after(this.#chance.between(5, 60), edge, "upgrade", () => void knock());
    return {
      send: (text) => wire?.toServer(text),
      close: (code) => wire?.closeFromClient(code),
      drop: () => {
        left = true;
        wire?.dropFromClient();
      },
    };
  }

  /** A process ended, its links with it. */
  ended(process: Process): void {
    this.wires.get(process)?.dropFromClient();
    this.wires.delete(process);
  }

  #join(
    order: AgentOrder,
    owner: Process,
    client: Opening["socket"],
    done: (wire: Wire | null) => void,
  ): void {
    const { agentId } = order;
    const headers = {
      [AGENT_HEADER]: agentId,
      [ORIGIN_HEADER]: ORIGIN,
      [ORDER_HEADER]: JSON.stringify(order),
    };
    this.#object.connect(new Request(`${ORIGIN}/agent`, { headers }), (server) => {
      if (server === null) return done(null);
      const stream = chance(this.#seed, "wire", owner.name, (this.#count += 1));
      const wire = new Wire(
        this.#world,
        this.#object,
        stream,
        { agentId, owner, client, server },
        () => this.doubled,
      );
      this.#object.wires.add(wire);
      this.wires.set(owner, wire);
      if (!owner.alive) wire.dropFromClient();
      done(wire);
    });
  }
}

/** Of a process `name.boot`. */
function nameOf({ name }: Process): string {
  return name.split(".")[0] ?? "";
}

/** What `ws` hands over of an answer that is no socket. */
function refusal(statusCode: number) {
  const body = {
    statusCode,
    setTimeout: () => body,
    [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
  };
  return body;
}
