import { describe, expect, it } from "vitest";
import { parseTree, pretty } from "./json_tree";

const again = (text: string) => {
  const tree = parseTree(text);
  return tree && pretty(tree);
};

describe("a JSON tree", () => {
  it("keeps numbers as they are written", () => {
    expect(again('{"id": 9223372036854775807, "price": 12.50, "e": 1E400}')).toBe(
      '{\n  "id": 9223372036854775807,\n  "price": 12.50,\n  "e": 1E400\n}',
    );
  });
  it("keeps repeated names and their order", () => {
    expect(again('{"b":1,"a":2,"b":3}')).toBe('{\n  "b": 1,\n  "a": 2,\n  "b": 3\n}');
  });
  it("takes what JSON.parse takes, and nothing else", () => {
    const good = [
      "null",
      "-0",
      "[]",
      " [1,\n2] ",
      '"\\u00e9\\n"',
      '{"a":{"b":[true,false]}}',
      "0.1e-7",
    ];
    for (const text of good) {
      expect(JSON.parse(again(text) ?? "undefined")).toEqual(JSON.parse(text));
    }
    for (const text of [
      "",
      "01",
      "1 2",
      "[1,]",
      "{a:1}",
      "'a'",
      '"\n"',
      "nul",
      '{"a"}',
      "[1",
      "+1",
      ".5",
    ]) {
      expect(parseTree(text), text).toBeNull();
    }
  });
  it("gives up on what is too deep instead of exhausting the stack", () => {
    expect(parseTree("[".repeat(100_000))).toBeNull();
  });
});
