/** Who may come in by which door of the operator's: from the router itself, so that no new door is forgotten. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestEdge, type TestEdge } from "../coordinator/testing/edge.ts";
import { GUESS_WINDOW_MS, MOST_GUESSES } from "../identity/guesses.ts";
import { newSession, SESSION_MS, sessionCookie } from "../identity/operator.ts";
import { fleetRoutes } from "./routes.ts";
import { ask, BEARER, codeOf, TOKEN } from "./testing/operator.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge({ OPERATOR_TOKEN: TOKEN });
});
afterAll(() => edge.stop());

/** Doors of this room that others than the operator have a key to; the rest are the operator's alone. */
const OTHERS = new Set([
  "POST /api/operator/session",
  "DELETE /api/operator/session",
  "POST /api/enrolments",
  "GET /api/enrolments/:code",
  "GET /api/files/:slug{[0-9A-Za-z]{10}}/jobs",
  "POST /api/files/:slug{[0-9A-Za-z]{10}}/retry",
  "POST /api/files/:slug{[0-9A-Za-z]{10}}/rungs",
  "GET /metrics",
]);
const DOORS = [...new Set(fleetRoutes.routes.map(({ method, path }) => `${method} ${path}`))];
const CLOSED = DOORS.filter((door) => !OTHERS.has(door));

let addresses = 0;
/** Each from an address of its own, or the guesses would bar one another. */
const elsewhere = () => ({ "cf-connecting-ip": `198.51.100.${(addresses += 1)}` });
const knock = (door: string, headers: Record<string, string>) => {
  const [method = "", path = ""] = door.split(" ");
  const body = method === "GET" || method === "DELETE" ? undefined : {};
  return ask(edge.url, method, path.replaceAll(/:\w+/g, "0000000000"), body, headers);
};

test("the table of doors is that of the router", () => {
  expect(DOORS).toEqual(expect.arrayContaining([...OTHERS]));
  expect(CLOSED.length).toBeGreaterThan(10);
});

describe.each(CLOSED)("%s", (door) => {
  test("is shut to strangers and to wrong tokens, and says what to do", async () => {
    const stranger = await knock(door, elsewhere());
    expect([stranger.status, codeOf(stranger)]).toEqual([401, "unauthorized"]);
    expect(stranger.body["error"]).toMatchObject({ hint: expect.stringContaining("/agents") as string });
    const wrong = await knock(door, { ...elsewhere(), authorization: `Bearer ${TOKEN}x` });
    expect(wrong.status).toBe(401);
  });

  test("opens for the operator", async () => {
    const { status } = await knock(door, { ...elsewhere(), ...BEARER });
    expect([401, 403, 429, 500]).not.toContain(status);
  });
});

test("without a token there is no operator, and the answer tells how to have one", async () => {
  const bare = await startTestEdge();
  try {
    for (const headers of [{}, BEARER]) {
      const answer = await ask(bare.url, "GET", "/api/agents", undefined, headers);
      expect([answer.status, codeOf(answer)]).toEqual([403, "forbidden"]);
      expect(JSON.stringify(answer.body)).toContain("OPERATOR_TOKEN");
    }
    expect((await ask(bare.url, "POST", "/api/operator/session", { token: TOKEN }, {})).status).toBe(403);
  } finally {
    await bare.stop();
  }
});

describe("guesses", () => {
  const guess = (address: string, token: string) =>
    ask(edge.url, "GET", "/api/agents", undefined, {
      "cf-connecting-ip": address,
      authorization: `Bearer ${token}`,
    });

  test("are counted exactly, also when they come at once, and bar the right token too", async () => {
    const [address, other] = ["203.0.113.1", "203.0.113.2"];
    const many = await Promise.all(
      Array.from({ length: MOST_GUESSES * 3 }, (_, at) => guess(address, `wrong-token-number-${at}-of-many`)),
    );
    const statuses = many.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(MOST_GUESSES);
    expect(statuses.filter((status) => status === 429)).toHaveLength(MOST_GUESSES * 2);
    const right = await guess(address, TOKEN);
    expect(right.status).toBe(429);
    expect(Number(right.headers.get("retry-after"))).toBeLessThanOrEqual(GUESS_WINDOW_MS / 1_000);
    const signIn = await ask(
      edge.url,
      "POST",
      "/api/operator/session",
      { token: TOKEN },
      { "cf-connecting-ip": address },
    );
    expect(signIn.status).toBe(429);
    expect((await guess(other, TOKEN)).status).toBe(200);
  });

  test("are forgotten when their time is over", async () => {
    const address = "203.0.113.3";
    for (let at = 0; at < MOST_GUESSES; at++) await guess(address, "wrong-wrong-wrong-wrong-wrong");
    expect((await guess(address, TOKEN)).status).toBe(429);
    await edge.db.run("update guesses set ends_at = 1");
    expect((await guess(address, TOKEN)).status).toBe(200);
    expect((await guess(address, "wrong-wrong-wrong-wrong-wrong")).status).toBe(401);
  });

  test("leave alone what carries another door's key, and whoever uploads with a token of another host", async () => {
    const address = "203.0.113.4";
    const agentKey = (await edge.agentKey()).key;
    for (let at = 0; at <= MOST_GUESSES; at++) {
      const headers = { "cf-connecting-ip": address, authorization: `Bearer ${agentKey}` };
      expect((await fetch(`${edge.url}/healthz`, { headers })).status).toBe(200);
    }
    expect((await guess(address, TOKEN)).status).toBe(200);
    const headers = { "cf-connecting-ip": address, authorization: "Bearer of-some-other-host" };
    const upload = await fetch(`${edge.url}/a.txt`, { method: "PUT", body: "hello", headers });
    expect(upload.status).toBe(200);
  });
});

describe("a session", () => {
  const signIn = (token: string, headers: Record<string, string> = elsewhere()) =>
    ask(edge.url, "POST", "/api/operator/session", { token }, headers);
  const cookieOf = (headers: Headers) => (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const withCookie = (method: string, path: string, cookie: string, headers: Record<string, string> = {}) =>
    ask(edge.url, method, path, method === "POST" ? { label: "x" } : undefined, { cookie, ...headers });

  test("opens the doors, holds no token, is out of scripts' reach, and ends", async () => {
    const { status, headers } = await signIn(TOKEN);
    expect(status).toBe(204);
    const set = headers.get("set-cookie") ?? "";
    expect(set).toMatch(/; HttpOnly; SameSite=Lax$/);
    expect(set).not.toContain(TOKEN);
    const cookie = cookieOf(headers);
    expect((await withCookie("GET", "/api/agents", cookie)).status).toBe(200);
    expect((await withCookie("GET", "/api/operator/session", cookie)).status).toBe(204);
    const out = await ask(edge.url, "DELETE", "/api/operator/session", undefined, {
      cookie,
      origin: edge.url,
    });
    expect([out.status, out.headers.get("set-cookie")]).toEqual([
      204,
      expect.stringContaining("Max-Age=0") as string,
    ]);
  });

  test("is not given for a wrong token", async () => {
    const { status, headers } = await signIn("not the token, not at all");
    expect([status, headers.get("set-cookie")]).toEqual([401, null]);
  });

  test("under https is tied to the host and goes over https alone", () => {
    expect(sessionCookie("https://a.example/x", "s")).toMatch(
      /^__Host-capcloud_operator=s; Path=\/; .*; Secure$/,
    );
  });

  test("that was altered, has ended or was signed with another token opens nothing", async () => {
    const good = cookieOf((await signIn(TOKEN)).headers);
    const [name = "", value = ""] = good.split("=");
    const [ends = "", nonce = "", mac = ""] = value.split(".");
    const bad = [
      `${Number(ends) + 1_000}.${nonce}.${mac}`,
      `${ends}.${nonce}.${mac.replace(/.$/, (letter) => (letter === "0" ? "1" : "0"))}`,
      `${ends}.${nonce}.`,
      await newSession(TOKEN, Date.now() - SESSION_MS - 1),
      await newSession(`${TOKEN}x`, Date.now()),
    ];
    for (const session of bad) {
      expect((await withCookie("GET", "/api/agents", `${name}=${session}`)).status, session).toBe(401);
    }
  });

  test("changes nothing for another site's page, nor for a request that does not say where it comes from", async () => {
    const cookie = cookieOf((await signIn(TOKEN)).headers);
    const foreign = [
      { origin: "https://evil.example" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      {},
    ];
    for (const headers of foreign) {
      const answer = await withCookie("POST", "/api/agents", cookie, headers);
      expect([answer.status, codeOf(answer)], JSON.stringify(headers)).toEqual([403, "forbidden"]);
    }
    for (const headers of [{ origin: edge.url }, { "sec-fetch-site": "same-origin" }]) {
      expect((await withCookie("POST", "/api/agents", cookie, headers)).status).toBe(201);
    }
  });
});

test("what is sent is read with care", async () => {
  const post = (body: string, headers = {}) =>
    fetch(`${edge.url}/api/agents`, { method: "POST", body, headers: { ...BEARER, ...headers } });
  expect((await post("{")).status).toBe(400);
  expect((await post("{}")).status).toBe(422);
  expect((await post(JSON.stringify({ label: " \u202e\n " }))).status).toBe(422);
  expect((await post(JSON.stringify({ label: "x".repeat(20_000) }))).status).toBe(413);
});
