import { describe, expect, it } from "vitest";
import { flowPicture, flowText, verdict } from "./flow";
import { sampleOverview as sample } from "./overview_sample";

describe("the picture of the flow", () => {
  it("stays within its width, across and down", () => {
    for (const width of [288, 700, 960, 1400]) {
      const picture = flowPicture(sample, width);
      expect(picture.across).toBe(width >= 960);
      for (const box of picture.boxes) {
        expect(box.x).toBeGreaterThanOrEqual(0);
        expect(box.x + box.width).toBeLessThanOrEqual(width);
        expect(box.y + box.height).toBeLessThanOrEqual(picture.height);
      }
    }
  });

  it("has no boxes upon each other", () => {
    for (const width of [320, 1100]) {
      const { boxes } = flowPicture(sample, width);
      for (const a of boxes) {
        for (const b of boxes) {
          if (a === b) continue;
          const apart =
            a.x + a.width <= b.x ||
            b.x + b.width <= a.x ||
            a.y + a.height <= b.y ||
            b.y + b.height <= a.y;
          expect(apart, `${a.id} and ${b.id} at ${width}`).toBe(true);
        }
      }
    }
  });

  it("stops where delivery is paused", () => {
    const paused = flowPicture({ ...sample, paused: true }, 1100);
    expect(paused.pipes.find((pipe) => pipe.id === "outbox to shards")?.current).toBe("stopped");
    const topic = flowPicture({ ...sample, pausedTopics: ["order-events"] }, 1100);
    expect(topic.pipes.find((pipe) => pipe.id === "shards to order-events")?.current).toBe(
      "stopped",
    );
    expect(topic.pipes.find((pipe) => pipe.id === "shards to outbox.event.customer")?.current).toBe(
      "steady",
    );
  });

  it("tells no rate of consumers, since nobody counts what they take", () => {
    for (const width of [320, 1100]) {
      const pipes = flowPicture(sample, width).pipes.filter((pipe) =>
        / to consumers$/.test(pipe.id),
      );
      expect(pipes.map((pipe) => pipe.rate).join("")).toBe("");
      expect(pipes[0]?.note?.text).toBe("not measured");
    }
  });

  it("tells what is held back beside the topic, where there is one alone", () => {
    const edges = (topics: typeof sample.topics) =>
      flowPicture({ ...sample, topics }, 1100).pipes.filter(
        (pipe) => pipe.note?.text === "5 held back",
      );
    expect(edges(sample.topics.slice(0, 1)).map((pipe) => pipe.id)).toEqual([
      "shards to order-events",
    ]);
    expect(edges(sample.topics).map((pipe) => pipe.id)).toEqual(["shards to stuck"]);
  });

  it("leaves nothing out when it is read", () => {
    const text = flowText({ ...sample, consumers: null }).join(" ");
    for (const word of [
      "415/s",
      "12 messages pending",
      "412/s",
      "32 of 64",
      "14 dead",
      "380/s",
      "trace.consumer_url",
    ]) {
      expect(text).toContain(word);
    }
  });
});

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
