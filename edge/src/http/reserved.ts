/**
 * The first words of a path that are ours: never issued as a slug or an alias. One list, in this file only; it
 * holds the doors that stand in the contract's table, built or not.
 */
const RESERVED = new Set([
  "about",
  "account",
  "admin",
  "agent",
  "agents",
  "api",
  "app",
  "assets",
  "cdn-cgi",
  "dashboard",
  "docs",
  "embed",
  "enroll",
  "favicon.ico",
  "fleet",
  "g",
  "gallery",
  "healthz",
  "help",
  "jobs",
  "library",
  "login",
  "logout",
  "metrics",
  "oembed",
  "operator",
  "r",
  "relay",
  "robots.txt",
  "s",
  "search",
  "settings",
  "signup",
  "sitemap.xml",
  "static",
  "status",
  "terms",
  "upload",
  "uploads",
  ".well-known",
]);

export function isReserved(word: string): boolean {
  return RESERVED.has(word.toLowerCase());
}
