import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { signedHeaders } from "./signature.ts";

/** From the specification of Standard Webhooks and its reference libraries. */
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT = 1_614_265_330;
const BODY = '{"test": 2432232314}';
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

test("the signature is that of the specification's own example", async () => {
  expect(await signedHeaders([SECRET], ID, BODY, AT * 1_000 + 999)).toEqual({
    "webhook-id": ID,
    "webhook-timestamp": String(AT),
    "webhook-signature": SIGNATURE,
  });
});

test("while secrets change, either of them proves the event", async () => {
  const key = Buffer.alloc(32, 7);
  const headers = await signedHeaders([`whsec_${key.toString("base64")}`, SECRET], ID, BODY, AT * 1_000);
  const mac = createHmac("sha256", key).update(`${ID}.${AT}.${BODY}`).digest("base64");
  expect(headers["webhook-signature"]).toBe(`v1,${mac} ${SIGNATURE}`);
});

test("id, time and body are each signed, in UTF-8", async () => {
  const of = async (id: string, body: string, now: number) =>
    (await signedHeaders([SECRET], id, body, now))["webhook-signature"];
  const signatures = await Promise.all([
    of("a", "é", 0),
    of("b", "é", 0),
    of("a", "è", 0),
    of("a", "é", 1_000),
    of("a", "é", 999),
  ]);
  expect(new Set(signatures).size).toBe(4);
  const key = Buffer.from(SECRET.slice("whsec_".length), "base64");
  expect(signatures[0]).toBe(`v1,${createHmac("sha256", key).update("a.0.é", "utf8").digest("base64")}`);
});
