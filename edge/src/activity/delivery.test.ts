/** One try at a time, against receivers and a resolver on loopback; public names are led there by the test. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deliver, type Ask } from "./delivery.ts";
import { answer, Receiver, SECRET } from "./testing/receiver.ts";

const PARCEL = { id: "job-dead-main-1", body: '{"type":"job.dead","timestamp":"t","data":{}}' };
let receiver: Receiver;
let asked: string[];

beforeEach(async () => {
  receiver = await new Receiver().listen();
  asked = [];
});
afterEach(() => receiver.stop());

const LAN = () => ({ url: receiver.url, secrets: [SECRET], allowPrivate: true, resolver: null, own: [] });
const strict = (url: string, resolver: string | null = null) => ({
  ...{ url, secrets: [SECRET], allowPrivate: false, resolver, own: ["https://files.example.net"] },
});
/** Whatever public host is named, the receiver answers. */
const led: Ask = (url, init) => {
  asked.push(url);
  return fetch(`${receiver.url}${new URL(url).pathname}`, init);
};
const redirect = (status: number, location: string) => answer(status, { location });

test("an event arrives once, by POST, with a signature that is right", async () => {
  const now = 1_800_000_000_123;
  expect(await deliver(PARCEL, LAN(), now)).toEqual({ taken: true });
  expect(receiver.received).toMatchObject([
    { id: PARCEL.id, method: "POST", timestamp: 1_800_000_000, genuine: true, body: { type: "job.dead" } },
  ]);
});

test("what is not 2xx is not taken, and 410 wants no more", async () => {
  for (const status of [301, 302, 303, 400, 404, 429, 500, 503]) {
    receiver.reply = redirect(status, "/elsewhere");
    expect(await deliver(PARCEL, LAN(), 0)).toMatchObject({ taken: false, gone: false });
  }
  expect(new Set(receiver.received.map(({ path }) => path))).toEqual(new Set(["/"]));
  receiver.reply = answer(410);
  expect(await deliver(PARCEL, LAN(), 0)).toMatchObject({ taken: false, gone: true });
});

test("three redirects are followed with method, body and signature, a fourth is not", async () => {
  const hop = (last: number) => {
    receiver.reply = (request, response) => {
      const at = Number(request.url?.slice(1));
      response.writeHead(at < last ? 308 : 204, { location: `/${at + 1}` }).end();
    };
  };
  hop(3);
  expect(await deliver(PARCEL, strict("https://hooks.example.com/0"), 0, led)).toEqual({ taken: true });
  expect(receiver.received.at(-1)).toMatchObject({ path: "/3", method: "POST", genuine: true });
  hop(4);
  expect(await deliver(PARCEL, strict("https://hooks.example.com/0"), 0, led)).toMatchObject({
    error: "redirected more than 3 times",
  });
});

test.each([
  "https://127.0.0.1/",
  "https://0x7f.1/",
  "https://[::ffff:169.254.169.254]/",
  "http://hooks.example.com/",
  "https://user:word@hooks.example.com/",
  "https://hooks.example.com:22/",
  "https://files.example.net/api/files",
  "https://localhost/",
  "https://",
])("a redirect to %s is not followed", async (location) => {
  receiver.reply = redirect(307, location);
  const outcome = await deliver(PARCEL, strict("https://hooks.example.com/"), 0, led);
  expect(outcome).toMatchObject({ taken: false });
  expect(asked).toEqual(["https://hooks.example.com/"]);
});

/** A resolver that answers from a table. */
async function startResolver(table: Record<string, string[]>) {
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? "", "http://resolver").searchParams;
    const family = query.get("type") === "A" ? 1 : 28;
    const data = (table[query.get("name") ?? ""] ?? []).filter((ip) => ip.includes(":") === (family === 28));
    const records = data.map((ip) => ({ name: "x", type: family, TTL: 0, data: ip }));
    response.setHeader("content-type", "application/dns-json");
    response.end(JSON.stringify({ Status: records.length > 0 ? 0 : 3, Answer: [CNAME, ...records] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dns-query`,
    stop: () => server.close(),
  };
}
const CNAME = { name: "x", type: 5, TTL: 0, data: "y.example." };

test("a name is asked only where all its addresses are public, at every hop", async () => {
  const resolver = await startResolver({
    "good.example.com": ["93.184.216.34", "2606:2800:21f:cb07::1"],
    "rebound.example.com": ["93.184.216.34", "10.0.0.1"],
    "mapped.example.com": ["::ffff:10.0.0.1"],
  });
  const send = (host: string) => deliver(PARCEL, strict(`https://${host}/`, resolver.url), 0, led);
  try {
    expect(await send("good.example.com")).toEqual({ taken: true });
    expect(await send("rebound.example.com")).toMatchObject({ taken: false });
    expect(await send("mapped.example.com")).toMatchObject({ taken: false });
    expect(await send("nowhere.example.com")).toMatchObject({ taken: false });
    receiver.reply = redirect(307, "https://rebound.example.com/");
    expect(await send("good.example.com")).toMatchObject({ taken: false });
    expect(asked).toEqual(["https://good.example.com/", "https://good.example.com/"]);
  } finally {
    resolver.stop();
  }
});

test("where the resolver does not answer, nothing is sent", async () => {
  const resolver = await startResolver({});
  resolver.stop();
  const outcome = await deliver(PARCEL, strict("https://good.example.com/", resolver.url), 0, led);
  expect(outcome).toMatchObject({ taken: false, gone: false });
  expect(asked).toEqual([]);
});

test("a reply without end is not listened to", async () => {
  let written = 0;
  receiver.reply = (_, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384))) written += 16_384;
      response.once("drain", more);
    };
    more();
  };
  expect(await deliver(PARCEL, LAN(), 0)).toEqual({ taken: true });
  expect(written).toBeLessThan(16 * 1_048_576);
});

test("a receiver that says nothing is left after five seconds", async () => {
  receiver.reply = () => {};
  expect(await deliver(PARCEL, LAN(), 0)).toMatchObject({ taken: false, error: "no answer within 5 s" });
});

test("an error tells no part of the address", async () => {
  const gone = { ...LAN(), url: `${receiver.url}/?token=hidden` };
  await receiver.stop();
  const outcome = await deliver(PARCEL, gone, 0);
  expect(outcome).toMatchObject({ taken: false });
  expect(JSON.stringify(outcome)).not.toContain("hidden");
  receiver = await new Receiver().listen();
});
