import { beforeEach, describe, expect, test, vi } from "vitest";
import { CLOSE_REPLACED } from "#protocol";
import { MINUTE } from "../../config.ts";
import { newBadge, type Badge } from "./badges.ts";
import { Sockets } from "./sockets.ts";

const NOW = Date.now();
const SLOTS = { gpu: 0, cpu: 1, io: 1 };
const NONE = { gpu: 0, cpu: 0, io: 0 };

/** As the host keeps it: what is pinned to it survives the object's sleep. */
class HeldSocket {
  readyState = 1;
  pinned: unknown = null;
  readonly close = vi.fn<(code?: number) => void>(() => void (this.readyState = 2));
  serializeAttachment(value: unknown): void {
    this.pinned = structuredClone(value);
  }
  deserializeAttachment(): unknown {
    return structuredClone(this.pinned);
  }
}

let held: [agentId: string, socket: HeldSocket][];
let pings: Map<HeldSocket, Date>;
let sockets: Sockets;

/** The object as it is after its sleep. */
const wake = () =>
  new Sockets({
    acceptWebSocket: (socket, [tag = ""] = []) => void held.push([tag, socket as unknown as HeldSocket]),
    getWebSockets: (tag) =>
      held.flatMap(([of, socket]) => (tag === undefined || tag === of ? [socket as never] : [])),
    getWebSocketAutoResponseTimestamp: (socket) => pings.get(socket as unknown as HeldSocket) ?? null,
  });

beforeEach(() => {
  held = [];
  pings = new Map();
  sockets = wake();
});

function connect(agentId: string, changes: Partial<Badge> = {}): { socket: WebSocket; own: HeldSocket } {
  const own = new HeldSocket();
  const socket = own as unknown as WebSocket;
  sockets.accept(socket, newBadge(agentId, "http://edge", NOW));
  const badge = { ...sockets.badge(socket), bootId: "boot", capacity: SLOTS, free: SLOTS, ...changes };
  sockets.greet(socket, badge);
  return { socket, own };
}
const free = (of = sockets) => of.freeSeats(NOW).map(({ agentId }) => agentId);
const change = (socket: WebSocket, changes: Partial<Badge>) =>
  sockets.pin(socket, { ...sockets.badge(socket), ...changes });

describe("free seats", () => {
  test("follow what each agent has free, through the object's sleep too", () => {
    const { socket } = connect("a");
    connect("b");
    expect(free()).toEqual(["a", "b"]);
    change(socket, { free: NONE });
    expect(free()).toEqual(["b"]);
    expect(free(wake())).toEqual(["b"]);
    change(socket, { free: SLOTS });
    expect(free().sort()).toEqual(["a", "b"]);
  });

  test("are none of an agent that has not been greeted, is paused, or has left", () => {
    const stranger = new HeldSocket();
    sockets.accept(stranger as unknown as WebSocket, { ...newBadge("stranger", "", NOW), free: SLOTS });
    const paused = connect("paused", { paused: true });
    const { socket, own } = connect("left");
    own.readyState = 3;
    sockets.forget(socket);
    expect(free()).toEqual([]);
    expect(sockets.hasFreeSeat()).toBe(false);
    expect(sockets.isAnyAble({ kind: "image", needs: "io" }, NOW)).toBe(false);
    change(paused.socket, { paused: false });
    expect(free()).toEqual(["paused"]);
  });

  test("are those of an agent's newest socket, and what an older one still says is not counted", () => {
    const old = connect("a");
    connect("a", { free: NONE });
    expect(old.own.close).toHaveBeenCalledWith(CLOSE_REPLACED, expect.any(String));
    change(old.socket, { free: SLOTS });
    expect(free()).toEqual([]);
    expect(sockets.forget(old.socket)).toBe(false);
  });

  test("are none behind a dead link; a ping is enough to be alive", () => {
    const { own } = connect("quiet", { seenAt: NOW - 10 * MINUTE });
    expect(free()).toEqual([]);
    pings.set(own, new Date(Date.now()));
    expect(free()).toEqual(["quiet"]);
  });
});

test("a badge of an older version is read with what it lacks", () => {
  const { own } = connect("a");
  const { tier: _, paused: __, ...older } = own.pinned as Badge;
  own.pinned = older;
  expect(wake().freeSeats(NOW)).toMatchObject([{ agentId: "a", tier: 5 }]);
});
