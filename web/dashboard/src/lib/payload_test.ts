import { describe, expect, it } from "vitest";
import type { Message } from "../api_types";
import { curlCommand, hexDump, kcatCommand, payloadBytes, shellQuote } from "./payload";

const message = (more: object): Message =>
  ({
    seq: "17",
    id: "0190e2c4-58f2-7cc1-9b8e-2f6d6f0f3a11",
    aggregateType: "order",
    topic: null,
    receipts: [],
    ...more,
  }) as unknown as Message;

describe("a payload", () => {
  it("is dumped as offset, bytes and characters", () => {
    expect(hexDump(new TextEncoder().encode("Outbox, sixteen+1"))).toBe(
      "00000000  4f 75 74 62 6f 78 2c 20  73 69 78 74 65 65 6e 2b  Outbox, sixteen+\n" +
        `00000010  31${" ".repeat(21)}  ${" ".repeat(23)}  1`,
    );
  });
  it("in base64 has its own bytes", () => {
    const payload = {
      encoding: "base64",
      content: "AP8=",
      bytes: 2,
      truncated: false,
      masked: false,
    } as const;
    expect([...payloadBytes(payload)]).toEqual([0, 255]);
  });
  it("that is large is cut, and says so", () => {
    expect(hexDump(new Uint8Array(20_000))).toContain("… 3616 more bytes");
  });
});

describe("commands", () => {
  it("quote whatever a name has", () => expect(shellQuote("it's $HOME")).toBe("'it'\\''s $HOME'"));
  it("read the record from its place", () => {
    const receipts = [
      { processedAt: "", topic: "order-events", partition: 2, offset: "9007199254740993" },
    ];
    expect(kcatCommand(message({ receipts }))).toContain(
      "-t 'order-events' -p 2 -o 9007199254740993 -c 1",
    );
  });
  it("look for it where no place is known", () => {
    expect(kcatCommand(message({}))).toContain("grep '0190e2c4");
  });
  it("carry no token", () => {
    expect(curlCommand(message({}), "http://127.0.0.1:8080")).toBe(
      `curl -s -H "Authorization: Bearer $OUTBOX_TOKEN" 'http://127.0.0.1:8080/api/v1/messages/17'`,
    );
  });
});
