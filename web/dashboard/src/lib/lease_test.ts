import { describe, expect, it } from "vitest";
import { isOverdue, leaseWords } from "./lease";

const lease = (lastRenewalSeconds: number | null, leaseSeconds = 10) => ({
  leaseSeconds,
  lastRenewalSeconds,
});

describe("a relay's lease", () => {
  it("is told with its last renewal", () => {
    expect(leaseWords(lease(0.42))).toBe("renewed 0.4 s ago · lease 10 s");
    expect(leaseWords(lease(75))).toBe("renewed 1 min 15 s ago · lease 10 s");
    expect(leaseWords(lease(null, 0.5))).toBe("renewal not seen yet · lease 500 ms");
  });
  it("is overdue after half of it, and never between two looks", () => {
    expect([lease(null), lease(0.4), lease(5)].some(isOverdue)).toBe(false);
    expect(isOverdue(lease(5.1))).toBe(true);
    expect(isOverdue(lease(1.2, 0.5))).toBe(false);
    expect(isOverdue(lease(3, 0.5))).toBe(true);
  });
});
