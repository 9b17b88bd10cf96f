/** @jsxImportSource hono/jsx */
import { html } from "hono/html";
import { ConfirmDialog, GroupDialog, SessionDialog } from "./dialogs.tsx";
import { ConsoleView, ControllersView, GroupsView, LogView, OverviewView, SessionsView } from "./views.tsx";

/** What the inspector shows, one at a time: the fragment of its address, and its name. */
const views = {
  overview: "Overview",
  sessions: "Sessions",
  groups: "Groups",
  controllers: "Controllers",
  console: "Console",
  log: "Log",
};

const figures = {
  sessions: "Sessions",
  received: "Received /s",
  sent: "Sent /s",
  lag: "Loop lag",
  memory: "Memory",
  uptime: "Up for",
};

/** The whole page as HTML, without any fact in it: those come over its stream. */
export function renderPage(): string {
  // What the library makes is an object, not a text.
  return (html`<!doctype html>${(<Page />)}` as string).toString();
}

function Page() {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Inspector · Hubbub</title>
        <link rel="icon" href="/-/inspector/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/-/inspector/style.css" />
        <script type="module" src="/-/inspector/script.js"></script>
      </head>
      <body>
        <header class="top">
          <h1>
            <img src="/-/inspector/icon.svg" alt="" width="24" height="24" />
            Hubbub
          </h1>
          <p id="state" class="state" data-state="connecting">
            <span role="status">Connecting…</span>
          </p>
          <p id="notice" class="notice" role="status"></p>
          <p class="generation">
            <span>
              Generation <b id="generation">–</b>
            </span>
            <button id="reload" class="quiet" type="button">
              Reload
            </button>
          </p>
        </header>
        <nav aria-label="Views">
          {Object.entries(views).map(([id, name]) => (
            <a href={`#${id}`} aria-current={id === "overview" ? "page" : undefined}>
              {name}
              {id === "log" && <span id="log-errors" class="badge" hidden></span>}
            </a>
          ))}
        </nav>
        <dl class="figures" aria-label="At this moment">
          {Object.entries(figures).map(([id, name]) => (
            <div>
              <dt>{name}</dt>
              <dd id={`figure-${id}`}>–</dd>
            </div>
          ))}
        </dl>
        <main>
          <noscript>
            <p>The inspector needs JavaScript.</p>
          </noscript>
          <OverviewView />
          <SessionsView />
          <GroupsView />
          <ControllersView />
          <ConsoleView />
          <LogView />
        </main>
        <footer id="about">Hubbub</footer>
        <SessionDialog />
        <GroupDialog />
        <ConfirmDialog />
      </body>
    </html>
  );
}
