import { describe, expect, it } from "vitest";
import {
  bytes,
  compact,
  duration,
  isMessageName,
  rate,
  relative,
  shortId,
  sinceTime,
  utcTime,
} from "./format";

describe("numbers", () => {
  it("are short in pictures and whole elsewhere", () => {
    expect(compact(9999)).toBe("9,999");
    expect(compact(1_234_567)).toBe("1.2M");
    expect(compact(null)).toBe("–");
  });
  it("of rates keep what is small visible", () => {
    expect([0, 0.01, 2.34, 1200, 250_000].map(rate)).toEqual([
      "0/s",
      "<0.1/s",
      "2.3/s",
      "1,200/s",
      "250K/s",
    ]);
  });
  it("of bytes have binary units", () => {
    expect([0, 1023, 1024, 5_000_000].map(bytes)).toEqual(["0 B", "1023 B", "1.0 KiB", "4.8 MiB"]);
  });
});

describe("durations", () => {
  it("have two units at most", () => {
    expect([0, 0.42, 12, 3210, 59_999, 245_000, 7_400_000, 273_600_000].map(duration)).toEqual([
      "0 ms",
      "0.4 ms",
      "12 ms",
      "3.2 s",
      "59 s",
      "4 min 5 s",
      "2 h 3 min",
      "3 d 4 h",
    ]);
  });
  it("may be negative, where clocks differ", () => expect(duration(-5)).toBe("−5.0 ms"));
});

describe("times", () => {
  const now = Date.parse("2026-11-26T20:00:00Z");
  it("are told from now, both ways", () => {
    expect(relative("2026-11-26T19:59:59.500Z", now)).toBe("just now");
    expect(relative("2026-11-26T19:56:00Z", now)).toBe("4 min ago");
    expect(relative("2026-11-26T20:00:12Z", now)).toBe("in 12 s");
  });
  it("keep their microseconds in UTC", () => {
    expect(utcTime("2026-11-26T20:00:00.123456Z")).toBe("2026-11-26 20:00:00.123456 UTC");
  });
  it("may be given as how far back", () => {
    expect(sinceTime("15m", now)).toBe("2026-11-26T19:45:00.000Z");
    expect(sinceTime("2026-11-26T10:00:00Z", now)).toBe("2026-11-26T10:00:00.000Z");
    expect(sinceTime("a while", now)).toBeNull();
    expect(sinceTime("", now)).toBeNull();
  });
});

describe("names of messages", () => {
  it("are numbers and UUIDs", () => {
    expect(isMessageName("9223372036854775807")).toBe(true);
    expect(isMessageName("0190e2c4-58f2-7cc1-9b8e-2f6d6f0f3a11")).toBe(true);
    expect(isMessageName("order-17")).toBe(false);
  });
  it("are told apart when short", () => {
    expect(shortId("0190e2c4-58f2-7cc1-9b8e-2f6d6f0f3a11")).toBe("0190e2c4…0f3a11");
  });
});
