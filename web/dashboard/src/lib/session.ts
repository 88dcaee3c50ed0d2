// Who is signed in, and what they may do.
import { computed, signal } from "@preact/signals";
import { api, onRefusedChange, type Session, setCsrfToken } from "../api";
import { liveState, overview, restartLive } from "./live";

const AGAIN_MS = 5000;
export const session = signal<Session | null>(null);
export const mayChange = computed(() => session.value?.role === "operator");
// Counts changes of who reads: what was shown to one is not left to the next.
export const readers = signal(0);
let reader: string | null = null;
let again: ReturnType<typeof setTimeout> | undefined;

function accept(next: Session): void {
  setCsrfToken(next.csrfToken);
  session.value = next;
  const now = `${next.role} ${next.name}`;
  if (reader !== null && reader !== now) {
    readers.value += 1;
    overview.value = null;
    restartLive();
  }
  reader = now;
}

export async function loadSession(): Promise<void> {
  clearTimeout(again);
  try {
    accept(await api.session());
  } catch {
    // The live overview tells of a server that does not answer.
    session.value = null;
    again = setTimeout(loadSession, AGAIN_MS);
  }
}

onRefusedChange(loadSession);

// A server that answers again may have been restarted, and know nobody any more.
let failed = false;
liveState.subscribe((state) => {
  if (failed && (state === "streaming" || state === "polling")) void loadSession();
  if (state !== "connecting") failed = state === "failing";
});

export async function signIn(token: string): Promise<Session> {
  await api.signIn(token);
  const next = await api.session();
  accept(next);
  return next;
}

const NOBODY: Session = {
  name: null,
  role: "none",
  csrfToken: null,
  authentication: true,
  readOpen: false,
};

export async function signOut(): Promise<void> {
  await api.signOut();
  accept(NOBODY); // also where the next answer does not come
  await loadSession();
}
