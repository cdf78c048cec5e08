import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deleteFile, type FileRow } from "../catalog/files.ts";
import { DELETE_KEY, startTestEdge, storeBytes, type TestEdge } from "../delivery/testing/stored-files.ts";

let edge: TestEdge;
let clip: FileRow;

beforeAll(async () => {
  edge = await startTestEdge({ ANONYMOUS_UPLOADS: "true" });
  clip = await storeBytes(edge, new Uint8Array(5_000));
});
afterAll(() => edge.stop());

const PEOPLE = { headers: { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };
const visit = (path: string) => edge.get(path, PEOPLE);
const bytes = (text: string) => new TextEncoder().encode(text);

describe("every page", () => {
  test.each(["/", "/0000000000", "/no/such/place"])(
    "%s has the strict policy and no inline script",
    async (path) => {
      const answer = await visit(path);
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(answer.headers.get("content-type")).toMatch(/^text\/html/);
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("default-src 'none'");
      const page = await answer.text();
      const scripts = [...page.matchAll(/<script([^>]*)>/g)].map(([, attributes]) => attributes);
      for (const attributes of scripts)
        expect(attributes).toMatch(/src="\/assets\/js\/|type="application\/json"/);
      expect(page).not.toMatch(/\son[a-z]+=/);
    },
  );

  test("asks only this host for its parts", async () => {
    const page = await (await visit(`/${clip.id}`)).text();
    const addresses = [...page.matchAll(/(?:src|href|action)="([^"]*)"/g)].map(([, address = ""]) => address);
    expect(
      addresses.filter((address) => !/^(?:\/|#|data:)/.test(address) && !address.startsWith(edge.url)),
    ).toEqual([]);
  });
});

describe("the front page", () => {
  test("gives curl lines with this host's own address, and a form that works by itself", async () => {
    const page = await (await visit("/")).text();
    expect(page).toContain(`curl -T photo.jpg ${edge.url}/`);
    expect(page).toMatch(/<form[^>]*method="post"[^>]*enctype="multipart\/form-data"/);
  });
});

describe("a file's page", () => {
  test("carries its tags and record from the first second", async () => {
    const answer = await visit(`/${clip.id}`);
    expect(answer.status).toBe(200);
    const page = await answer.text();
    expect(page).toContain(`<meta property="og:video" content="${edge.url}/${clip.id}.mp4"/>`);
    expect(page).toContain(`<meta property="og:title" content="clip.mp4"/>`);
    expect(page).toContain('<media-controller id="player"');
    const block = /<script type="application\/json" id="record">(.*?)<\/script>/.exec(page)?.[1] ?? "";
    expect(JSON.parse(block)).toMatchObject({ id: clip.id, url: `${edge.url}/${clip.id}`, status: "ready" });
  });

  test("shows a text escaped, whole characters only, and says when there is more", async () => {
    const text = { name: "notes.txt", extension: "txt", type: "text/plain", kind: "text" as const };
    const short = await storeBytes(edge, bytes("<script>alert(1)</script> & ü"), text);
    const page = await (await visit(`/${short.id}`)).text();
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt; &amp; ü");
    expect(page).not.toContain('id="text-more"');
    // Two bytes a letter, so the cut falls into the middle of one.
    const long = await storeBytes(edge, bytes(`x${"ü".repeat(40_000)}`), text);
    const cut = await (await visit(`/${long.id}`)).text();
    expect(cut).toContain('id="text-more"');
    expect(cut).not.toContain("\uFFFD");
    const empty = await storeBytes(edge, new Uint8Array(0), text);
    expect((await visit(`/${empty.id}`)).status).toBe(200);
  });

  test("is a page for people and JSON for programs when it is not there", async () => {
    const page = await visit("/0000000000");
    expect(page.status).toBe(404);
    expect(await page.text()).toContain("Nothing here");
    const json = await edge.get("/0000000000", { headers: { Accept: "application/json" } });
    expect(json.status).toBe(404);
    expect(await json.json()).toMatchObject({ success: false, error: { code: "not_found" } });
  });

  test("says that it was deleted, for ever", async () => {
    const gone = await storeBytes(edge, new Uint8Array(3));
    await deleteFile(edge.db, gone, Date.now());
    const answer = await visit(`/${gone.id}`);
    expect(answer.status).toBe(410);
    expect(await answer.text()).toContain("This file was deleted");
  });

  test("has no other verb", async () => {
    expect((await edge.get(`/${clip.id}`, { ...PEOPLE, method: "DELETE" })).status).toBe(405);
  });
});

describe("the delete page", () => {
  test("asks once more, and deletes nothing by being opened", async () => {
    const file = await storeBytes(edge, new Uint8Array(3), { name: "old.mp4" });
    const address = `/${file.id}/delete?key=${DELETE_KEY}`;
    const page = await (await visit(address)).text();
    expect(page).toContain("old.mp4");
    expect(page).toContain(`<input type="hidden" name="key" value="${DELETE_KEY}"/>`);
    expect((await visit(`/${file.id}`)).status).toBe(200);

    const form = { method: "POST", body: new URLSearchParams({ key: DELETE_KEY }), headers: PEOPLE.headers };
    const answer = await edge.get(`/${file.id}/delete`, form);
    expect([answer.status, answer.headers.get("location")]).toEqual([303, `/${file.id}`]);
    expect((await visit(`/${file.id}`)).status).toBe(410);
  });

  test("says what is missing from a link without its key", async () => {
    const answer = await visit(`/${clip.id}/delete`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("lacks the key");
  });
});
