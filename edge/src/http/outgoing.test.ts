/** A corpus of addresses that must not be asked, in every notation that the URL parser takes. */
import { expect, test } from "vitest";
import { refuseOutgoing } from "./outgoing.ts";
import { isPublicAddress } from "./public-address.ts";

const STRICT = { allowPrivate: false, own: ["https://files.example.net", "https://media.example.net:8443"] };
const LAN = { allowPrivate: true, own: ["http://192.168.1.5:8787"] };

const REFUSED = [
  "https://127.0.0.1/",
  "https://127.1/",
  "https://127.0.0.1./",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0x7f.0.0.1/",
  "https://0177.0.0.1/",
  "https://017700000001/",
  "https://%31%32%37.0.0.1/",
  "https://１２７.０.０.１/",
  "https://127。0。0。1/",
  "https://0/",
  "https://0.0.0.0/",
  "https://10.1.2.3/",
  "https://0xa010203/",
  "https://100.64.0.1/",
  "https://169.254.169.254/latest/meta-data/",
  "https://2852039166/",
  "https://0xA9.0xFE.0xA9.0xFE/",
  "https://172.16.0.1/",
  "https://172.31.255.255/",
  "https://192.0.0.8/",
  "https://192.0.2.1/",
  "https://192.88.99.1/",
  "https://192.168.0.1/",
  "https://192.168.257/",
  "https://198.18.0.1/",
  "https://198.51.100.7/",
  "https://203.0.113.9/",
  "https://224.0.0.1/",
  "https://255.255.255.255/",
  "https://[::]/",
  "https://[::1]/",
  "https://[0:0:0:0:0:0:0:1]/",
  "https://[::127.0.0.1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://[::ffff:8.8.8.8]/",
  "https://[64:ff9b::7f00:1]/",
  "https://[64:ff9b:1::1]/",
  "https://[100::1]/",
  "https://[2001::1]/",
  "https://[2001:db8::1]/",
  "https://[2002:7f00:1::]/",
  "https://[3fff::1]/",
  "https://[fc00::1]/",
  "https://[fd12:3456::1]/",
  "https://[fe80::1]/",
  "https://[fec0::1]/",
  "https://[ff02::1]/",
  "https://localhost/",
  "https://LOCALHOST./",
  "https://a.localhost/",
  "https://printer/",
  "https://nas.local/",
  "https://router.lan/",
  "https://metadata.google.internal/",
  "https://box.home.arpa/",
  "https://db.corp/",
  "http://hooks.example.com/",
  "ftp://hooks.example.com/",
  "file:///etc/passwd",
  "data:text/plain,hello",
  "https://user@hooks.example.com/",
  "https://user:word@hooks.example.com/",
  "https://hooks.example.com:22/",
  "https://hooks.example.com:80/",
  "https://files.example.net/api/webhook",
  "https://FILES.example.net./",
  "https://a.files.example.net/",
  "https://media.example.net/",
  "hooks.example.com",
  "//hooks.example.com/",
  "https://",
  "",
];

test.each(REFUSED)("%s is not asked", (address) => {
  expect(refuseOutgoing(address, STRICT)).not.toBeNull();
});

test.each([
  "https://hooks.example.com/capcloud?token=1",
  "https://hooks.example.com:8443/",
  "https://example.net/",
  "https://notfiles.example.net/",
  "https://1.1.1.1/",
  "https://192.0.1.1/",
  "https://172.32.0.1/",
  "https://[2606:4700:4700::1111]/",
])("%s may be asked", (address) => {
  expect(refuseOutgoing(address, STRICT)).toBeNull();
});

test("on one's own network any address will do, but for our own and for what is no request", () => {
  expect(refuseOutgoing("http://192.168.1.5:9000/wake", LAN)).toBeNull();
  expect(refuseOutgoing("http://localhost:9000/", LAN)).toBeNull();
  expect(refuseOutgoing("http://192.168.1.5:8787/", LAN)).toContain("back to this host");
  expect(refuseOutgoing("http://me:word@192.168.1.5:9000/", LAN)).toContain("password");
  expect(refuseOutgoing("file:///etc/passwd", LAN)).not.toBeNull();
});

test("what a resolver answers is told apart as well, and what is no address is not public", () => {
  expect(["93.184.216.34", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"].every(isPublicAddress)).toBe(true);
  expect(["10.0.0.1", "fe80::1", "::ffff:10.0.0.1", "999.1.1.1", "", "a.b"].some(isPublicAddress)).toBe(
    false,
  );
});
