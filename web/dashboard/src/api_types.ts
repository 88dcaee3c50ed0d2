// What /api/v1 answers. 64-bit numbers that name something are strings, counts are numbers, times
// are RFC 3339 in UTC.

export interface Alert {
  id: string;
  severity: "warning" | "critical";
  title: string;
  detail: string;
  remedy: string;
  href: string | null;
}

export interface Overview {
  at: string;
  version: string;
  mode: "table" | "wal";
  pending: number | null;
  pendingIsEstimate: boolean;
  oldestPendingAgeSeconds: number | null;
  processed: number;
  failedAttempts: number;
  failed: { retrying: number; heldKeys: number; dead: number } | null;
  rates: { processedPerSecond: number; failedPerSecond: number };
  insertedPerSecond: number | null;
  shards: { total: number; owned: number; owner: string; epoch: string } | null;
  source: { connected: boolean; problem: string | null };
  sink: { reachable: boolean; detail: string };
  paused: boolean;
  pausedTopics: string[];
  pausedShards: number[];
  latency: { p50Ms: number; p95Ms: number; p99Ms: number; count: number } | null;
  lagBytes: number | null;
  topics: { topic: string; publishedPerSecond: number }[];
  // Of the service that is asked for effects, if one is, and of the groups that are watched.
  consumers: { url: string | null; reachable: boolean | null; groups: ConsumerGroup[] } | null;
  alerts: Alert[];
}

export interface ConsumerGroup {
  group: string;
  lag: number | null;
  ratePerSecond: number | null;
  topics: { topic: string; lag: number }[];
  problem: string | null;
}

export interface HistoryPoint {
  at: string;
  processedPerSecond: number | null;
  failedPerSecond: number | null;
  insertedPerSecond: number | null;
  pending: number | null;
  oldestPendingAgeSeconds: number | null;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
}

export interface History {
  stepSeconds: number;
  points: HistoryPoint[];
}

export type Status =
  | "pending"
  | "delayed"
  | "retrying"
  | "held"
  | "processed"
  | "dead"
  | "discarded"
  | (string & {});

export interface MessageSummary {
  seq: string;
  id: string;
  status: Status;
  aggregateType: string;
  aggregateId: string;
  type: string;
  shard: number;
  createdAt: string | null;
  attempts: number;
  dueAt: string | null;
  lastError: string | null;
  topic: string | null;
  partition: number | null;
  offset: string | null;
  processedAt: string | null;
  payloadBytes: number | null;
}

export interface Payload {
  encoding: "json" | "text" | "base64";
  content: string;
  bytes: number;
  truncated: boolean;
  masked: boolean;
}

export interface AuditEntry {
  id: string;
  at: string;
  actor: string;
  action: string;
  seq?: string | null;
  key?: string | null;
  details: unknown;
}

export interface Message extends MessageSummary {
  transaction: string | null;
  availableAt: string | null;
  headers: Record<string, unknown> | null;
  payload: Payload | null; // its row is gone
  passed: boolean;
  exception: {
    state: string;
    holdsKey: boolean;
    replay: boolean;
    topic: string | null;
    edited: boolean;
    attempts: number;
    dueAt: string | null;
    failedAt: string | null;
    updatedAt: string | null;
    lastError: string | null;
  } | null;
  waitsBehind: { seq: string; state: string } | null;
  failures: { attempt: number; failedAt: string; relay: string; error: string }[];
  receipts: { processedAt: string; topic: string; partition: number; offset: string }[];
  audit: AuditEntry[];
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export interface MessagePage extends Page<MessageSummary> {
  searchedTo: string | null;
  complete: boolean;
}

export type StageName = "committed" | "read" | "acknowledged" | "consumed" | "effect";

export interface Stage {
  name: StageName;
  at: string | null;
  durationMs: number | null;
  known: boolean;
  detail: Record<string, unknown> | null;
  missing: string | null;
}

export interface Trace {
  message: MessageSummary | null;
  stages: Stage[];
}

export interface DeadLetter extends MessageSummary {
  failedAt: string | null;
  holdsKey: boolean;
  heldBehind: number;
}

export interface DeadLetterGroup {
  error: string;
  sample: string;
  count: number;
  firstAt: string | null;
  lastAt: string | null;
  filter: string;
}

export interface DeadLetterGroups {
  groups: DeadLetterGroup[];
  total: number;
  complete: boolean;
}

export interface DeadLetterFilter {
  error?: string;
  type?: string;
  aggregateType?: string;
  aggregateId?: string;
  since?: string;
}

export type Selection = { names: string[] } | { filter: DeadLetterFilter };

// What a dry run says.
export interface Count {
  count: number;
  countIsLowerBound?: boolean; // they were not counted further
}

export interface ReplayFilter {
  since?: string;
  until?: string;
  aggregateId?: string;
  type?: string;
  id?: string;
}

export interface Operation {
  id: string;
  kind: "retry" | "discard" | "replay";
  actor: string;
  startedAt: string;
  endedAt: string | null;
  total: number;
  done: number;
  state: "running" | "done" | "failed" | "cancelled";
  error: string | null;
}

export interface Topic {
  topic: string;
  published: number;
  publishedPerSecond: number;
  failures: number;
  paused: boolean;
  pausedBySink: string | null;
}

export interface Aggregate {
  aggregateType: string;
  aggregateId: string;
  blockedBy: {
    seq: string;
    state: string;
    lastError: string | null;
    attempts: number;
    dueAt: string | null;
  } | null;
  heldCount: number;
  items: MessageSummary[];
  nextCursor: string | null;
}

export interface Shard {
  shard: number;
  owner: string | null;
  epoch: string | null;
  paused: boolean;
  preferred: string | null;
  lastSeq: string | null;
  positionWrittenAt: string | null;
}

export interface Relay {
  name: string;
  joinedAt: string | null;
  shards: number;
  self: boolean;
  leaseSeconds: number;
  lastRenewalSeconds: number | null;
}

export interface ShardMove {
  at: string;
  shard: number;
  from: string | null;
  to: string | null;
  reason: string;
  epoch: string | null;
}

export interface Shards {
  mode: string;
  slot: string | null;
  revision: string | null;
  shards: Shard[];
  relays: Relay[];
  moves: ShardMove[];
}

export interface Setting {
  path: string;
  value: string | null;
  source: "flag" | "environment" | "file" | "default" | (string & {});
  secret: boolean;
  help: string;
  default: string | null;
}

export interface Config {
  schemaVersion: number | null; // the database cannot tell now
  newestSchemaVersion: number;
  settings: Setting[];
}

export interface Session {
  name: string | null;
  role: "viewer" | "operator" | "none";
  csrfToken: string | null;
  authentication: boolean;
  readOpen: boolean;
}
