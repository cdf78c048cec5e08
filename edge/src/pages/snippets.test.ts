import { expect, test } from "vitest";
import { embedHtml, snippets } from "./snippets.ts";
import { HOSTILE, ORIGIN, recordOf, renditionOf } from "./testing/records.ts";

const page = `${ORIGIN}/Ab3dE9fGh1`;

test("a film embeds its mp4 once there is one", () => {
  const sized = recordOf({ width: 640, height: 360 });
  expect(embedHtml(sized, "video")).toBe(
    `<video src="${page}.mp4" poster="${page}/poster.jpg" width="640" height="360" controls preload="none"></video>`,
  );
  const made = renditionOf("mp4", "mp4", "ready", { url: `${page}/video.mp4` });
  expect(embedHtml(recordOf({ renditions: [made] }), "video")).toContain(`src="${page}/video.mp4"`);
});

test("pictures are shown, other files are linked", () => {
  const texts = (kind: "image" | "other") =>
    Object.fromEntries(snippets(recordOf({ name: "a.png" }), kind).map(({ label, text }) => [label, text]));
  expect(texts("image")).toMatchObject({
    Markdown: `![a.png](${page}.mp4)`,
    BBCode: `[img]${page}.mp4[/img]`,
  });
  expect(texts("other")).toMatchObject({ Markdown: `[a.png](${page})`, HTML: `<a href="${page}">a.png</a>` });
});

test.each(HOSTILE)("%j stays a name wherever it is pasted", (name) => {
  for (const kind of ["image", "other"] as const) {
    const html = embedHtml(recordOf({ name }), kind);
    expect(html.match(/</g)).toHaveLength(kind === "image" ? 1 : 2);
    const markdown = snippets(recordOf({ name }), kind).find(({ label }) => label === "Markdown")?.text ?? "";
    expect(markdown).not.toContain("<");
    expect(markdown.match(/(?<!\\)\]\(/g)).toHaveLength(1);
  }
});
