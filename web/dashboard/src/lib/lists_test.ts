import { describe, expect, it } from "vitest";
import { target } from "../api";
import type { Stage } from "../api_types";
import { thinned } from "./history";
import { Chords } from "./hotkeys";
import { sortRows } from "./sort";
import { stageLine, traceSummary } from "./trace";

describe("sorting", () => {
  it("puts what has no value last, both ways", () => {
    const rows = [{ v: 2 }, { v: null }, { v: 10 }];
    expect(sortRows(rows, (row) => row.v, false).map((row) => row.v)).toEqual([2, 10, null]);
    expect(sortRows(rows, (row) => row.v, true).map((row) => row.v)).toEqual([10, 2, null]);
  });
  it("reads numbers in texts as numbers", () => {
    expect(sortRows(["relay-10", "relay-9"], (row) => row, false)).toEqual(["relay-9", "relay-10"]);
  });
});

describe("a long history as a table", () => {
  it("is even, and has the newest", () => {
    const points = Array.from({ length: 360 }, (_, at) => at);
    const rows = thinned(points, 30);
    expect(rows).toHaveLength(30);
    expect(rows[0]).toBe(359);
    expect((rows[1] ?? 0) - (rows[2] ?? 0)).toBe(12);
  });
});

describe("keys", () => {
  it("search, help and go", () => {
    const chords = new Chords();
    expect(chords.press("/", 0)).toEqual({ kind: "search" });
    expect(chords.press("?", 1)).toEqual({ kind: "help" });
    expect(chords.press("g", 2)).toBeNull();
    expect(chords.press("d", 3)).toEqual({ kind: "go", path: "/dead-letters" });
    expect(chords.press("d", 4)).toBeNull();
  });
  it("forget a g after a while", () => {
    const chords = new Chords();
    chords.press("g", 0);
    expect(chords.press("d", 5000)).toBeNull();
  });
});

describe("a question to the server", () => {
  it("leaves out what is not asked, and encodes the rest", () => {
    expect(target("/messages", { status: "", type: null, path: "$.a&b", limit: 20 })).toBe(
      "/messages?path=%24.a%26b&limit=20",
    );
  });
});

describe("a trace", () => {
  const stage = (name: string, at: string | null, detail: object | null = null): Stage =>
    ({
      name,
      at,
      durationMs: null,
      known: at !== null,
      detail,
      missing: at === null ? "not yet" : null,
    }) as Stage;
  it("says how many stages are known, and how long it took", () => {
    const stages = [
      stage("committed", "2026-11-26T20:00:00.000Z"),
      stage("read", "2026-11-26T20:00:00.004Z"),
      stage("effect", null),
    ];
    expect(traceSummary(stages)).toBe("2 of 3 stages are known, 4.0 ms from committed to read.");
  });
  it("tells the details of a stage in a line", () => {
    const detail = { topic: "order-events", partition: 0, offset: "17", at: "x", relay: null };
    expect(stageLine(stage("acknowledged", "x", detail))).toBe(
      "topic order-events, partition 0, offset 17",
    );
  });
});
