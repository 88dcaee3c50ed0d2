// What surrounds every page: search, places, how live it is, theme, who is signed in.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import { ApiError } from "../api";
import { count, isMessageName } from "../lib/format";
import { hotkeysOn, listenForHotkeys, PLACES, setHotkeys } from "../lib/hotkeys";
import { liveProblem, liveState, overview } from "../lib/live";
import { keyPath, messagePath } from "../lib/location";
import { asError } from "../lib/resource";
import { session, signOut } from "../lib/session";
import { applyTheme, type Theme, theme } from "../lib/theme";
import { ActionDialog } from "./action";
import { Badge } from "./bits";
import { Dialog } from "./dialog";
import { signInHref } from "./states";
import { Toasts, toast } from "./toasts";

export function Shell({ children }: { children: ComponentChildren }) {
  const [, navigate] = useLocation();
  const [help, setHelp] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  useEffect(
    () =>
      listenForHotkeys((action) => {
        if (action.kind === "search") search.current?.focus();
        if (action.kind === "help") setHelp(true);
        if (action.kind === "go") navigate(action.path);
      }),
    [navigate],
  );
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <Link class="brand" href="/">
          <Mark />
          Outbox
        </Link>
        <Search input={search} />
        <div class="top-end">
          <LiveMark />
          <button class="button compact" type="button" onClick={() => setHelp(true)}>
            Help
          </button>
          <ThemeChoice />
          <SessionMark />
        </div>
      </header>
      <Navigation />
      <main id="main" tabIndex={-1}>
        <Outage />
        {children}
      </main>
      <Toasts />
      <ActionDialog />
      {help && <Help close={() => setHelp(false)} />}
    </div>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#1d4ed8" />
      <path d="M6 17h6l2 4h4l2-4h6v7H6z" fill="#fff" />
      <path
        d="M16 16V6m-4 4 4-4 4 4"
        fill="none"
        stroke="#fff"
        stroke-width="2.6"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

// A number or a UUID is a message, whose page offers the key where there is none; anything else is a key.
function Search({ input }: { input: preact.RefObject<HTMLInputElement> }) {
  const [, navigate] = useLocation();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const text = input.current?.value.trim() ?? "";
    if (!text) return;
    navigate(isMessageName(text) ? messagePath(text) : keyPath(text));
  };
  return (
    <form class="search" role="search" aria-label="Find a message" onSubmit={submit}>
      <label class="hidden-visually" for="search">
        Find a message by number, id or key
      </label>
      <input
        ref={input}
        id="search"
        type="search"
        placeholder="Message number, id or key ( / )"
        autocomplete="off"
        spellcheck={false}
      />
    </form>
  );
}

function Navigation() {
  const [path] = useLocation();
  const dead = overview.value?.failed?.dead ?? 0;
  const here = (place: string) => (place === "/" ? path === "/" : path.startsWith(place));
  return (
    <nav class="nav" aria-label="Pages of the dashboard">
      <ul>
        {PLACES.map((place) => (
          <li key={place.path}>
            <Link href={place.path} aria-current={here(place.path) ? "page" : undefined}>
              {place.name}
              {place.path === "/dead-letters" && dead > 0 && (
                <span class="count">{count(dead)}</span>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const LIVE = {
  connecting: ["", "Connecting"],
  streaming: ["good", "Live"],
  polling: ["accent", "Every 2 s"],
  failing: ["bad", "No answer"],
} as const;

function LiveMark() {
  const [tone, name] = LIVE[liveState.value];
  return (
    <>
      {overview.value?.paused && <Badge status="paused" />}
      <span class={`live ${tone}`} title="How the numbers reach this page">
        {name}
      </span>
    </>
  );
}

function ThemeChoice() {
  const options: [Theme, string][] = [
    ["system", "System"],
    ["light", "Light"],
    ["dark", "Dark"],
  ];
  return (
    <label class="row small">
      <span class="hidden-visually">Theme</span>
      <select
        value={theme.value}
        onChange={(event) => applyTheme(event.currentTarget.value as Theme)}
      >
        {options.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function SessionMark() {
  const [path] = useLocation();
  const who = session.value;
  if (who?.name) {
    const leave = () =>
      signOut().then(
        () => toast("You are signed out."),
        (error) => toast(asError(error).message, "bad"),
      );
    return (
      <span class="row small">
        <span>
          {who.name} <span class="muted">({who.role})</span>
        </span>
        <button class="button compact" type="button" onClick={leave}>
          Sign out
        </button>
      </span>
    );
  }
  if (path === "/sign-in") return null;
  return (
    <Link class="button compact" href={signInHref()}>
      Sign in
    </Link>
  );
}

// Said once for all pages, when the numbers stop coming.
function Outage() {
  const [path] = useLocation();
  if (liveState.value !== "failing" || path === "/sign-in") return null;
  const problem = liveProblem.value;
  if (problem instanceof ApiError && problem.status === 401) {
    return (
      <div class="notice accent">
        <strong>This relay shows its outbox to those alone who are signed in</strong>
        <span>
          <Link href={signInHref()}>Sign in</Link> with a viewer's or an operator's token.
        </span>
      </div>
    );
  }
  return (
    <div class="notice bad" role="alert">
      <strong>outbox-processor does not answer</strong>
      <span>{asError(problem).message} This page asks again every two seconds.</span>
    </div>
  );
}

function Help({ close }: { close: () => void }) {
  const keys: [string[], string][] = [
    [["/"], "Find a message"],
    [["?"], "This help"],
    ...PLACES.map((place): [string[], string] => [["g", place.key], place.name]),
    [["Esc"], "Close a dialog"],
  ];
  return (
    <Dialog title="Help" onClose={close}>
      <p>
        Find a message by its number, its id or its key. Every filter and page is in the address:
        copy it to show somebody what you see.
      </p>
      <table class="data" role="table">
        <caption>Keys</caption>
        <thead>
          <tr>
            <th scope="col">Keys</th>
            <th scope="col">What they do</th>
          </tr>
        </thead>
        <tbody>
          {keys.map(([pressed, does]) => (
            <tr key={does}>
              <td>
                {pressed.map((key, at) => (
                  <span key={key}>
                    {at > 0 && " then "}
                    <kbd>{key}</kbd>
                  </span>
                ))}
              </td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <label class="check">
        <input
          type="checkbox"
          checked={hotkeysOn.value}
          onChange={(event) => setHotkeys(event.currentTarget.checked)}
        />
        These keys work
      </label>
      <div class="actions">
        <button class="button" type="button" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
