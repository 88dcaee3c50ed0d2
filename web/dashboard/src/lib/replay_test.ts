import { describe, expect, it } from "vitest";
import { rateOf, rateProblem } from "./rate";
import { replayFilter } from "./replay";

describe("a rate", () => {
  it("is a whole number, or no limit", () => {
    expect(rateOf("")).toEqual({});
    expect(rateOf(" ")).toEqual({});
    expect(rateOf(" 10 ")).toEqual({ ratePerSecond: 10 });
    expect(rateOf("1000000")).toEqual({ ratePerSecond: 1_000_000 });
  });
  it("that cannot be read is refused, rather than being no limit", () => {
    for (const text of ["0.5", "1,000", "10/s", "0", "-1", "1e3", "1000001", "ten"]) {
      expect(rateProblem(text), text).toContain("whole number");
      expect(() => rateOf(text), text).toThrow("At most per second");
    }
    expect(rateProblem("10")).toBeNull();
  });
});

describe("a replay", () => {
  const now = Date.parse("2026-11-26T20:00:00Z");
  const of = (values: Record<string, string>) => replayFilter((name) => values[name] ?? "", now);
  it("concerns what the page filters by time, key and type", () => {
    expect(of({ since: "15m", until: "", type: "A", status: "dead" })).toEqual({
      since: "2026-11-26T19:45:00.000Z",
      type: "A",
    });
    expect(of({ status: "dead" })).toEqual({});
  });
  it("is not widened by a time that cannot be read", () => {
    expect(of({ since: "yesterday", until: "1 week", aggregateId: "15m" })).toEqual({
      since: "yesterday",
      until: "1 week",
      aggregateId: "15m",
    });
  });
});
