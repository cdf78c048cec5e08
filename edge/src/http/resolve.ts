/**
 * What a host name resolves to, asked by DNS over HTTPS (RFC 8484's JSON form), since a Worker has no resolver of
 * its own. Called before a request goes out to a name. The request itself resolves the name once more: a name
 * that changes its answer in between is not caught here.
 */
import { z } from "zod";
import { isAddress, isPublicAddress } from "./public-address.ts";

const A = 1;
const AAAA = 28;
const Answer = z.object({
  Status: z.number(),
  Answer: z.array(z.object({ type: z.number(), data: z.string() })).default([]),
});

/** Null where every address of the name is public; else why it may not be asked. Throws where nobody answers. */
export async function refuseName(url: URL, resolver: string, signal: AbortSignal): Promise<string | null> {
  const host = url.hostname;
  if (isAddress(host)) return null;
  const answers = await Promise.all(["A", "AAAA"].map((type) => lookUp(resolver, host, type, signal)));
  const addresses = answers.flat();
  if (addresses.length === 0) return `${host} has no address`;
  return addresses.every(isPublicAddress) ? null : `${host} resolves into a private network`;
}

async function lookUp(resolver: string, name: string, type: string, signal: AbortSignal): Promise<string[]> {
  const query = new URLSearchParams({ name, type });
  const response = await fetch(`${resolver}?${query.toString()}`, {
    headers: { Accept: "application/dns-json" },
    redirect: "manual",
    signal,
  });
  if (!response.ok) throw new Error(`the resolver answered ${response.status}`);
  const { Answer: records } = Answer.parse(await response.json());
  return records.filter((record) => record.type === A || record.type === AAAA).map(({ data }) => data);
}
