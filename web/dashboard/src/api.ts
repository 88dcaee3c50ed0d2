// The one place that talks to the server.
import type * as t from "./api_types";

export type * from "./api_types";

// What went wrong, in the server's own words where it had any (RFC 9457).
export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: no answer
    readonly title: string,
    detail: string,
    readonly fields: { detail: string; pointer: string }[] = [],
  ) {
    super(detail);
  }
}

export type Query = Record<string, string | number | null | undefined>;

const TIMEOUT_MS = 15_000;
let csrfToken: string | null = null;

export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

// target(path, query): empty values are left out.
export function target(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

async function failure(answer: Response): Promise<ApiError> {
  const fallback = `The server answered ${answer.status} ${answer.statusText}`.trim();
  try {
    const problem = await answer.json();
    return new ApiError(
      answer.status,
      String(problem.title ?? fallback),
      String(problem.detail ?? problem.title ?? fallback),
      Array.isArray(problem.errors) ? problem.errors : [],
    );
  } catch {
    return new ApiError(answer.status, fallback, fallback);
  }
}

async function call<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal | null,
): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrfToken) headers["X-Outbox-CSRF"] = csrfToken;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let answer: Response;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method,
      headers,
      credentials: "same-origin",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(
      0,
      "No answer",
      timeout.aborted
        ? `outbox-processor did not answer within ${TIMEOUT_MS / 1000} s.`
        : "outbox-processor cannot be reached: is it running?",
    );
  }
  if (!answer.ok) throw await failure(answer);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

const get = <T>(path: string, query?: Query, signal?: AbortSignal | null) =>
  call<T>("GET", target(path, query), undefined, signal);
const post = <T>(path: string, body: unknown = {}) => call<T>("POST", path, body);
const part = encodeURIComponent;

type Signal = AbortSignal | null;

export const api = {
  overview: (signal?: Signal) => get<t.Overview>("/overview", {}, signal),
  history: (minutes: number, signal?: Signal) => get<t.History>("/history", { minutes }, signal),
  messages: (query: Query, signal?: Signal) => get<t.MessagePage>("/messages", query, signal),
  message: (name: string, signal?: Signal) =>
    get<{ items: t.Message[] }>(`/messages/${part(name)}`, {}, signal),
  trace: (name: string, signal?: Signal) =>
    get<t.Trace>(`/messages/${part(name)}/trace`, {}, signal),
  deadLetters: (query: Query, signal?: Signal) =>
    get<t.Page<t.DeadLetter>>("/dead-letters", query, signal),
  deadLetterGroups: (signal?: Signal) =>
    get<t.DeadLetterGroups>("/dead-letters/groups", {}, signal),
  topics: (signal?: Signal) => get<{ items: t.Topic[] }>("/topics", {}, signal),
  aggregates: (query: Query, signal?: Signal) =>
    get<t.Page<{ aggregateId: string }>>("/aggregates", query, signal),
  aggregate: (type: string, id: string, query: Query, signal?: Signal) =>
    get<t.Aggregate>(`/aggregates/${part(type)}/${part(id)}`, query, signal),
  shards: (signal?: Signal) => get<t.Shards>("/shards", {}, signal),
  config: (signal?: Signal) => get<t.Config>("/config", {}, signal),
  audit: (query: Query, signal?: Signal) => get<t.Page<t.AuditEntry>>("/audit", query, signal),
  operations: (signal?: Signal) => get<{ items: t.Operation[] }>("/operations", {}, signal),

  countRetry: (selection: t.Selection) =>
    post<{ count: number }>("/dead-letters/retry", { selection, dryRun: true }),
  retry: (selection: t.Selection, more: { ratePerSecond?: number; payload?: string } = {}) =>
    post<t.Operation>("/dead-letters/retry", { selection, dryRun: false, ...more }),
  countDiscard: (selection: t.Selection) =>
    post<{ count: number }>("/dead-letters/discard", { selection, dryRun: true }),
  discard: (selection: t.Selection, confirm: string) =>
    post<t.Operation>("/dead-letters/discard", { selection, dryRun: false, confirm }),
  countReplay: (filter: t.ReplayFilter) => post<t.Count>("/replay", { filter, dryRun: true }),
  replay: (filter: t.ReplayFilter, more: { topic?: string; ratePerSecond?: number } = {}) =>
    post<t.Operation>("/replay", { filter, dryRun: false, ...more }),
  cancel: (operation: string) => post<t.Operation>(`/operations/${part(operation)}/cancel`),
  pause: () => post<{ paused: boolean; changed: boolean }>("/pause"),
  resume: () => post<{ paused: boolean; changed: boolean }>("/resume"),
  topicAction: (topic: string, action: "pause" | "resume") =>
    post<{ changed: boolean }>(`/topics/${part(topic)}/${action}`),
  shardAction: (shard: number, action: "pause" | "resume" | "release") =>
    post<{ changed: boolean }>(`/shards/${shard}/${action}`),
  moveShard: (shard: number, relay: string) =>
    post<{ changed: boolean }>(`/shards/${shard}/move`, { relay }),

  session: () => get<t.Session>("/session"),
  signIn: (token: string) =>
    post<{ name: string; role: "viewer" | "operator"; csrfToken: string }>("/session", { token }),
  signOut: () => call<void>("DELETE", "/session"),
};
