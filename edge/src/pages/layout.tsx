/** The shell of every page: head, header, footer. Pages hand in their tags and scripts. */
import { html } from "hono/html";
import type { Child } from "hono/jsx";
import { Icon, Mark } from "./icons.tsx";
import type { Tag } from "./open-graph.ts";

export interface Shell {
  title: string;
  tags?: Tag[];
  /** Entries of `edge/client/`, by name. */
  scripts?: string[];
  /** Style sheets besides the one of all pages, by name. */
  styles?: string[];
  /** Kept out of search engines; every page but the front page is. */
  unlisted?: boolean;
  /** The page is not the way in itself, so it shows one. */
  uploadLink?: boolean;
  wide?: boolean;
}

/** The whole document. Every value is escaped by JSX; nothing on a page is inserted raw but `json-block.tsx`. */
export function page(shell: Shell, body: Child) {
  return html`<!doctype html> ${<Document shell={shell}>{body}</Document>}`;
}

function Document({ shell, children }: { shell: Shell; children?: Child }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <title>{shell.title}</title>
        {shell.unlisted === false ? null : <meta name="robots" content="noindex" />}
        <meta name="color-scheme" content="light dark" />
        {(shell.tags ?? []).map((tag) => (
          <meta {...tag} />
        ))}
        <link rel="stylesheet" href="/assets/app.css" />
        {(shell.styles ?? []).map((name) => (
          <link rel="stylesheet" href={`/assets/${name}.css`} />
        ))}
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="apple-touch-icon" href="/assets/icon-180.png" />
        {(shell.scripts ?? []).map((name) => (
          <script type="module" src={`/assets/js/${name}.js`} />
        ))}
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <header class="top">
          <a class="brand" href="/">
            <Mark />
            CapCloud
          </a>
          {shell.uploadLink === false ? null : (
            <a class="button quiet" href="/">
              <Icon name="upload" />
              Upload
            </a>
          )}
        </header>
        <main id="main" class={shell.wide ? "wide" : ""}>
          {children}
        </main>
        <p id="announce" class="hidden-text" role="status" aria-live="polite"></p>
      </body>
    </html>
  );
}
