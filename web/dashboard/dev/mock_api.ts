// Made-up answers of /api/v1, for work on the pages alone: npm run dev, without OUTBOX_API.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";
import type { Message, MessageSummary, Overview } from "../src/api_types";
import { sampleOverview } from "../src/lib/overview_sample.ts";

const START = Date.now();
const iso = (secondsAgo: number) =>
  new Date(Date.now() - secondsAgo * 1000).toISOString().replace("Z", "123Z");
const ERRORS = [
  "kafka: Broker: Message size too large (MSG_SIZE_TOO_LARGE): payload of 1048577 bytes",
  "kafka: Broker: Topic authorization failed (TOPIC_AUTHORIZATION_FAILED)",
];
const STATUSES = [
  "pending",
  "retrying",
  "processed",
  "processed",
  "dead",
  "held",
  "processed",
  "delayed",
] as const;

function summary(seq: number): MessageSummary {
  const status = STATUSES[seq % STATUSES.length] ?? "processed";
  const processed = status === "processed";
  return {
    seq: String(9007199254740000n + BigInt(seq)),
    id: `0190e2c4-58f2-7cc1-9b8e-${String(seq).padStart(12, "0")}`,
    status,
    aggregateType: seq % 5 ? "order" : "customer",
    aggregateId: `0190e2c4-${seq % 17}`,
    type: seq % 3 ? "OrderCreated" : "OrderCancelled",
    shard: seq % 64,
    createdAt: iso((1000 - seq) * 3),
    attempts: processed ? 0 : seq % 6,
    dueAt: status === "retrying" ? iso(-20) : null,
    lastError: ["retrying", "dead"].includes(status) ? (ERRORS[seq % 2] ?? null) : null,
    topic: processed ? "order-events" : null,
    partition: processed ? seq % 3 : null,
    offset: processed ? String(seq * 7) : null,
    processedAt: processed ? iso((1000 - seq) * 3 - 1) : null,
    payloadBytes: 180 + seq,
  };
}

function message(seq: number): Message {
  const base = summary(seq);
  const receipts =
    base.topic && base.offset && base.processedAt
      ? [
          {
            processedAt: base.processedAt,
            topic: base.topic,
            partition: base.partition ?? 0,
            offset: base.offset,
          },
        ]
      : [];
  return {
    ...base,
    transaction: "184467",
    availableAt: null,
    headers: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
    payload: {
      encoding: "json",
      content: `{"orderId": "o-${seq}", "sequence": 9223372036854775807, "lines": [{"product": "espresso", "quantity": 2}]}`,
      bytes: 96,
      truncated: false,
      masked: false,
    },
    passed: true,
    exception: null,
    waitsBehind: base.status === "held" ? { seq: summary(4).seq, state: "dead" } : null,
    failures: base.lastError
      ? [{ attempt: 1, failedAt: iso(30), relay: "relay-a", error: base.lastError }]
      : [],
    receipts,
    audit: [],
  };
}

const overview = (): Overview => ({
  ...sampleOverview,
  at: iso(0),
  processed: sampleOverview.processed + Math.floor((Date.now() - START) / 3),
  rates: { processedPerSecond: 380 + Math.round(Math.random() * 60), failedPerSecond: 0.2 },
  alerts: [
    {
      id: "dead-letters",
      severity: "warning",
      title: "14 messages were given up",
      detail: "What waits behind them is held back.",
      remedy: "Look at their errors, correct the cause, and retry them.",
      href: "/dead-letters",
    },
  ],
});

const history = () => ({
  stepSeconds: 10,
  points: Array.from({ length: 360 }, (_, at) => {
    const wave = 400 + 150 * Math.sin(at / 25) + 40 * Math.sin(at);
    return {
      at: iso((360 - at) * 10),
      processedPerSecond: at === 200 ? null : wave,
      failedPerSecond: at % 40 === 0 ? 12 : 0,
      insertedPerSecond: wave + 20 * Math.cos(at / 9),
      pending: Math.max(0, 40 * Math.cos(at / 9) + 45),
      oldestPendingAgeSeconds: 0.2 + (at % 40 === 0 ? 3 : 0),
      p50Ms: 2.5,
      p95Ms: 6 + Math.sin(at / 5),
      p99Ms: 11 + 3 * Math.sin(at / 3),
    };
  }),
});

const stages = () => [
  {
    name: "committed",
    at: iso(60),
    durationMs: null,
    known: true,
    detail: { transaction: "184467" },
    missing: null,
  },
  {
    name: "read",
    at: iso(59.998),
    durationMs: 2,
    known: true,
    detail: { shard: 5, relay: "relay-a", epoch: "7" },
    missing: null,
  },
  {
    name: "acknowledged",
    at: iso(59.99),
    durationMs: 8,
    known: true,
    detail: { topic: "order-events", partition: 1, offset: "88" },
    missing: null,
  },
  {
    name: "consumed",
    at: iso(59.9),
    durationMs: 90,
    known: true,
    detail: { consumer: "invoice-group" },
    missing: null,
  },
  {
    name: "effect",
    at: null,
    durationMs: null,
    known: false,
    detail: null,
    missing: "invoice-service has not answered within 2 s",
  },
];

const shards = () => ({
  mode: "table",
  slot: null,
  revision: "41",
  shards: Array.from({ length: 64 }, (_, shard) => ({
    shard,
    owner: shard === 9 ? null : shard < 32 ? "relay-a" : "relay-b",
    epoch: "7",
    paused: shard === 7,
    preferred: null,
    lastSeq: "9007199254740991",
    positionWrittenAt: iso(shard % 5),
  })),
  relays: ["relay-a", "relay-b"].map((name, at) => ({
    name,
    joinedAt: iso(7000),
    shards: 32,
    self: at === 0,
    leaseSeconds: 10,
    lastRenewalSeconds: at === 0 ? 0.4 : 7.2,
  })),
  moves: [
    { at: iso(600), shard: 40, from: "relay-a", to: "relay-b", reason: "balanced", epoch: "7" },
  ],
});

const seqs = (count: number) => Array.from({ length: count }, (_, at) => 999 - at);
const dead = () =>
  seqs(400)
    .map(summary)
    .filter((item) => item.status === "dead")
    .slice(0, 20);
const seqOf = (name: string) =>
  /^\d+$/.test(name) ? Number(BigInt(name) - 9007199254740000n) : Number(name.slice(-12));

const ROUTES: [RegExp, (found: string[]) => unknown][] = [
  [/^GET overview$/, overview],
  [/^GET history$/, history],
  [
    /^GET messages$/,
    () => ({ items: seqs(50).map(summary), nextCursor: "next", searchedTo: null, complete: true }),
  ],
  [/^GET messages\/([^/]+)$/, ([name]) => ({ items: [message(seqOf(name ?? ""))] })],
  [
    /^GET messages\/([^/]+)\/trace$/,
    ([name]) => ({ message: summary(seqOf(name ?? "")), stages: stages() }),
  ],
  [
    /^GET dead-letters$/,
    () => ({
      items: dead().map((m) => ({ ...m, failedAt: m.createdAt, holdsKey: true, heldBehind: 3 })),
      nextCursor: null,
    }),
  ],
  [
    /^GET dead-letters\/groups$/,
    () => ({
      groups: ERRORS.map((error, at) => ({
        error: error.replace(/\d+/g, "…"),
        sample: error,
        count: 10 - at,
        firstAt: iso(9000),
        lastAt: iso(50),
        filter: error,
      })),
      total: 19,
      complete: true,
    }),
  ],
  [
    /^GET topics$/,
    () => ({
      items: [
        {
          topic: "order-events",
          published: 48_000,
          publishedPerSecond: 380,
          failures: 12,
          paused: false,
          pausedBySink: null,
        },
        {
          topic: "outbox.event.customer",
          published: 211,
          publishedPerSecond: 32,
          failures: 0,
          paused: true,
          pausedBySink: null,
        },
      ],
    }),
  ],
  [
    /^GET aggregates$/,
    () => ({ items: seqs(30).map((seq) => ({ aggregateId: `order-${seq}` })), nextCursor: "next" }),
  ],
  [
    /^GET aggregates\/([^/]+)\/([^/]+)$/,
    ([type, id]) => ({
      aggregateType: type,
      aggregateId: id,
      blockedBy: {
        seq: summary(996).seq,
        state: "dead",
        lastError: ERRORS[0],
        attempts: 8,
        dueAt: null,
      },
      heldCount: 3,
      items: [996, 997, 998].map(summary),
      nextCursor: null,
    }),
  ],
  [/^GET shards$/, shards],
  [
    /^GET config$/,
    () => ({
      schemaVersion: 11,
      newestSchemaVersion: 11,
      settings: [
        {
          path: "source.url",
          value: "***",
          source: "environment",
          secret: true,
          help: "Where the outbox is",
          default: null,
        },
        {
          path: "sink.topic",
          value: "outbox.event.${aggregatetype}",
          source: "default",
          secret: false,
          help: "The topic",
          default: "outbox.event.${aggregatetype}",
        },
      ],
    }),
  ],
  [
    /^GET audit$/,
    () => ({
      items: [
        {
          id: "5",
          at: iso(90),
          actor: "ada",
          action: "retry",
          seq: summary(4).seq,
          key: "order-1",
          details: { edited: true },
        },
      ],
      nextCursor: null,
    }),
  ],
  [/^GET operations$/, () => ({ items: [] })],
  [
    /^GET session$/,
    () => ({ name: "ada", role: "operator", csrfToken: "t", authentication: true, readOpen: true }),
  ],
  [/^POST (?:dead-letters\/\w+|replay)$/, () => ({ count: 14 })],
];

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? "")
    .split("?")[0]
    ?.replace(/^\//, "")
    .split("/")
    .map(decodeURIComponent)
    .join("/");
  for (const [pattern, make] of ROUTES) {
    const found = pattern.exec(`${request.method} ${path}`);
    if (!found) continue;
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(make(found.slice(1))));
    return;
  }
  response.statusCode = 404;
  response.setHeader("Content-Type", "application/problem+json");
  response.end(
    JSON.stringify({
      title: "Not Found",
      detail: `Nothing is made up for ${request.method} ${path}.`,
    }),
  );
}

export function mockApi(): Plugin {
  const middleware = (server: {
    middlewares: { use(path: string, handler: typeof answer): unknown };
  }) => {
    server.middlewares.use("/api/v1", answer);
  };
  return { name: "mock-api", configureServer: middleware, configurePreviewServer: middleware };
}
