import { describe, expect, it } from "vitest";
import type { Stage } from "../api_types";
import { sinceBefore, stageLine, traceSummary } from "./trace";

const stage = (change: Partial<Stage>): Stage => ({
  name: "committed",
  at: null,
  durationMs: null,
  known: true,
  detail: {},
  missing: null,
  ...change,
});

describe("the time since the stage before", () => {
  it("is never below nothing because of whole milliseconds", () => {
    expect([-0.4, -0.001, -1].map(sinceBefore)).toEqual(["< 1 ms", "< 1 ms", "< 1 ms"]);
    expect([0, 0.4, 12].map(sinceBefore)).toEqual(["0 ms", "0.4 ms", "12 ms"]);
  });
  it("says it where clocks differ", () => {
    expect(sinceBefore(-1.1)).toBe("−1.1 ms, as the machines' clocks differ,");
    expect(sinceBefore(-3200)).toBe("−3.2 s, as the machines' clocks differ,");
  });
});

describe("a trace in words", () => {
  it("names what is known of a stage, but for its times", () => {
    const detail = { topic: "orders", partition: 2, offset: "17", at: "x", kind: null };
    expect(stageLine(stage({ detail }))).toBe("topic orders, partition 2, offset 17");
    expect(stageLine(stage({ detail: { kind: "created", duplicates: 1 } }))).toBe(
      "created, duplicates 1",
    );
  });
  it("tells the whole way's time", () => {
    const from = stage({ at: "2026-11-26T20:00:00.000400Z" });
    const to = stage({ name: "effect", at: "2026-11-26T20:00:00.012Z" });
    expect(traceSummary([from, to])).toBe(
      "All 2 stages are known, 12 ms from committed to effect.",
    );
    expect(traceSummary([from, stage({ name: "effect", known: false })])).toBe(
      "1 of 2 stages are known.",
    );
  });
});
