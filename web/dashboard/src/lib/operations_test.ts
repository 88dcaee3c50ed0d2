import { describe, expect, it } from "vitest";
import type { Operation } from "../api_types";
import { endsBetween } from "./operations";

const operation = (id: string, more: Partial<Operation> = {}): Operation => ({
  id,
  kind: "retry",
  actor: "ada",
  startedAt: "2026-11-26T20:00:00Z",
  endedAt: null,
  total: 10,
  done: 4,
  state: "running",
  error: null,
  ...more,
});

describe("operations", () => {
  it("are told when they end, once", () => {
    const done = operation("1", { state: "done", done: 10 });
    expect(endsBetween([operation("1")], [done])).toEqual([
      { text: "Retried 10 of 10", tone: "good" },
    ]);
    expect(endsBetween([done], [done])).toEqual([]);
    expect(endsBetween([operation("1")], [operation("1", { done: 5 })])).toEqual([]);
  });
  it("that failed say why", () => {
    const failed = operation("1", { state: "failed", error: "no database" });
    expect(endsBetween([operation("1")], [failed])[0]).toEqual({
      text: "Retried 4 of 10, then failed: no database",
      tone: "bad",
    });
  });
  it("that a restarted relay has forgotten are told, and not waited for", () => {
    const [told] = endsBetween([operation("1"), operation("2", { state: "done" })], []);
    expect(told?.tone).toBe("bad");
    expect(told?.text).toContain("restarted after 4 of 10");
  });
});
