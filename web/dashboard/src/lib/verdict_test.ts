import { describe, expect, it } from "vitest";
import { sampleOverview as sample } from "./overview_sample";
import { verdict } from "./verdict";

describe("the verdict", () => {
  const tone = (change: object) => verdict({ ...sample, ...change }).tone;
  it("says that nothing is stuck only when nothing is", () => {
    const of = (retrying: number, heldKeys: number, dead: number) =>
      verdict({ ...sample, failed: { retrying, heldKeys, dead } });
    expect(of(0, 0, 0).text).toContain("Nothing is stuck");
    expect(of(1, 0, 0)).toEqual({
      text: "Delivering, apart from: 1 message retrying.",
      tone: "warn",
    });
    expect(of(0, 2, 0)).toEqual({
      text: "Delivering, apart from: 2 keys that wait.",
      tone: "warn",
    });
    expect(of(3, 1, 14).text).toBe(
      "Delivering, apart from: 14 dead letters, 3 messages retrying, 1 key that waits.",
    );
    expect(verdict({ ...sample, failed: null }).tone).toBe("good");
  });
  it("is the worst thing", () => {
    expect(tone({ failed: { retrying: 0, heldKeys: 0, dead: 0 } })).toBe("good");
    expect(tone({})).toBe("warn");
    expect(tone({ paused: true })).toBe("warn");
    expect(tone({ sink: { reachable: false, detail: "broker down" } })).toBe("bad");
    expect(tone({ source: { connected: false, problem: "no route" } })).toBe("bad");
    expect(
      verdict({ ...sample, source: { connected: false, problem: "no route" } }).text,
    ).toContain("no route");
  });
});
