// Who is signed in, and what they may do.
import { computed, signal } from "@preact/signals";
import { api, type Session, setCsrfToken } from "../api";
import { restartLive } from "./live";

export const session = signal<Session | null>(null);
export const mayChange = computed(() => session.value?.role === "operator");

function accept(next: Session): void {
  setCsrfToken(next.csrfToken);
  session.value = next;
}

export async function loadSession(): Promise<void> {
  try {
    accept(await api.session());
  } catch {
    // The live overview tells of a server that does not answer; a later action asks again.
    session.value = null;
  }
}

export async function signIn(token: string): Promise<Session> {
  await api.signIn(token);
  const next = await api.session();
  accept(next);
  restartLive();
  return next;
}

export async function signOut(): Promise<void> {
  await api.signOut();
  await loadSession();
  restartLive();
}
