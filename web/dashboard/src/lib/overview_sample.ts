// An overview for tests and for made-up answers.
import type { Overview } from "../api_types";

export const sampleOverview: Overview = {
  at: "2026-11-26T20:00:00.000000Z",
  version: "0.1.0",
  mode: "table",
  pending: 12,
  pendingIsEstimate: false,
  oldestPendingAgeSeconds: 0.4,
  processed: 48_211,
  failedAttempts: 31,
  failed: { retrying: 3, heldKeys: 2, dead: 14 },
  rates: { processedPerSecond: 412, failedPerSecond: 0.2 },
  insertedPerSecond: 415,
  shards: { total: 64, owned: 32, owner: "relay-a", epoch: "7" },
  source: { connected: true, problem: null },
  sink: { reachable: true, detail: "" },
  paused: false,
  pausedTopics: [],
  pausedShards: [7],
  latency: { p50Ms: 2.7, p95Ms: 6.1, p99Ms: 11.8, count: 24_700 },
  lagBytes: 0,
  topics: [
    { topic: "order-events", publishedPerSecond: 380 },
    { topic: "outbox.event.customer", publishedPerSecond: 32 },
  ],
  consumers: {
    url: "http://127.0.0.1:3001",
    reachable: true,
    groups: [
      {
        group: "invoice-group",
        lag: 240,
        ratePerSecond: 376,
        topics: [{ topic: "order-events", lag: 240 }],
        problem: null,
      },
    ],
  },
  alerts: [],
};
