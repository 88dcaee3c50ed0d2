// Keys: '/' searches, '?' helps, g and a letter goes to a page. They can be switched off in the help
// (WCAG 2.1.4), and never act where someone types.
import { signal } from "@preact/signals";

export interface Place {
  key: string;
  path: string;
  name: string;
}

export const PLACES: readonly Place[] = [
  { key: "o", path: "/", name: "Overview" },
  { key: "m", path: "/messages", name: "Messages" },
  { key: "d", path: "/dead-letters", name: "Dead letters" },
  { key: "t", path: "/topics", name: "Topics" },
  { key: "a", path: "/aggregates", name: "Aggregates" },
  { key: "s", path: "/shards", name: "Shards" },
  { key: "c", path: "/config", name: "Config" },
  { key: "u", path: "/audit", name: "Audit" },
];

const STORED = "outbox-hotkeys";
const CHORD_MS = 1500;

export const hotkeysOn = signal(stored());

function stored(): boolean {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

export function setHotkeys(on: boolean): void {
  hotkeysOn.value = on;
  try {
    localStorage.setItem(STORED, on ? "on" : "off");
  } catch {
    // A browser that keeps nothing: it holds until the page is loaded again.
  }
}

export type Action = { kind: "search" } | { kind: "help" } | { kind: "go"; path: string };

// What the keys pressed so far mean; pure, so that it can be tested.
export class Chords {
  private since = Number.NEGATIVE_INFINITY;

  press(key: string, now: number): Action | null {
    const pending = now - this.since < CHORD_MS;
    this.since = Number.NEGATIVE_INFINITY;
    if (pending) {
      const place = PLACES.find((candidate) => candidate.key === key);
      if (place) return { kind: "go", path: place.path };
    }
    if (key === "/") return { kind: "search" };
    if (key === "?") return { kind: "help" };
    if (key === "g") this.since = now;
    return null;
  }
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

// Returns what takes the listener away.
export function listenForHotkeys(act: (action: Action) => void): () => void {
  const chords = new Chords();
  const listener = (event: KeyboardEvent) => {
    if (!hotkeysOn.value || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.defaultPrevented || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const action = chords.press(event.key, event.timeStamp);
    if (!action) return;
    event.preventDefault();
    act(action);
  };
  document.addEventListener("keydown", listener);
  return () => document.removeEventListener("keydown", listener);
}
