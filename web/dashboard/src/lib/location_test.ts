import { describe, expect, it } from "vitest";
import { aggregatePath, changed, ownPath, segments } from "./location";

describe("the address", () => {
  it("keeps what is not changed, and drops what is empty", () => {
    expect(changed("?status=dead&cursor=x", { cursor: null, type: "A B" })).toBe(
      "status=dead&type=A+B",
    );
    expect(changed("?a=1", { a: "" })).toBe("");
  });
  it("carries any key there and back", () => {
    for (const key of ["a/b", "100%", "%2F", "ü ?#&", "<script>"]) {
      expect(segments(aggregatePath("order", key))).toEqual(["aggregates", "order", key]);
    }
  });
  it("that does not decode stays as it is", () =>
    expect(segments("/trace/%zz")).toEqual(["trace", "%zz"]));
});

describe("where signing in leads", () => {
  it("is a path of this page", () => {
    expect(ownPath("/messages?status=dead")).toBe("/messages?status=dead");
    for (const elsewhere of [
      "https://x.example",
      "//x.example",
      "/\\x.example",
      "javascript:alert(1)",
      null,
    ]) {
      expect(ownPath(elsewhere)).toBe("/");
    }
  });
});
