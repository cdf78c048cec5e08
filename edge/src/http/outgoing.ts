/**
 * Where this Worker may send a request of its own: https, a public host, no odd port, no credentials, never back
 * to itself. Pure: it reads the address and resolves nothing. Called for configured addresses when the
 * configuration is read, and again for every redirect; what a name resolves to is looked at by `resolve.ts`.
 */
import { isAddress, isPublicAddress } from "./public-address.ts";

export interface OutgoingRules {
  /** For a receiver on one's own network: http, any port and any address but our own. */
  allowPrivate: boolean;
  /** Our own origins. */
  own: readonly string[];
}

/** Those of https that Cloudflare serves without further ado; empty is 443. */
const PORTS = new Set(["", "8443"]);
/** Names that mean a machine, a network or a cloud's metadata service, never a host on the internet. */
const LOCAL_NAMES =
  /(^|\.)(localhost|local|localdomain|internal|intranet|private|corp|home|lan|arpa|test|invalid|example|onion)$/;

/** Null where it may be asked; else a sentence's end, such as "must begin with https://". */
export function refuseOutgoing(text: string, { allowPrivate, own }: OutgoingRules): string | null {
  if (!URL.canParse(text)) return "is not a URL";
  const url = new URL(text);
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:")) {
    return "must begin with https://";
  }
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  if (isOwn(url, own, allowPrivate)) return "must not lead back to this host";
  if (allowPrivate) return null;
  if (!PORTS.has(url.port)) return "must use port 443 or 8443";
  const host = url.hostname.replace(/\.+$/, "");
  if (isAddress(host)) return isPublicAddress(host) ? null : "must not lead into a private network";
  if (!host.includes(".") || LOCAL_NAMES.test(host)) return "must not lead into a private network";
  return null;
}

/** On one machine the port tells hosts apart; on the internet everything below our name is ours. */
function isOwn(url: URL, own: readonly string[], allowPrivate: boolean): boolean {
  const host = url.hostname.replace(/\.+$/, "");
  return own
    .map((origin) => new URL(origin))
    .some((one) =>
      allowPrivate ? one.host === url.host : host === one.hostname || host.endsWith(`.${one.hostname}`),
    );
}
