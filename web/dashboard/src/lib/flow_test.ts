import { describe, expect, it } from "vitest";
import type { ConsumerGroup } from "../api_types";
import { flowPicture, flowText } from "./flow";
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

  it("counts the keys that wait, one or more", () => {
    const stuck = (heldKeys: number) => {
      const { boxes } = flowPicture(
        { ...sample, failed: { retrying: 0, heldKeys, dead: 0 } },
        1100,
      );
      return boxes.find((box) => box.id === "failed")?.notes.map((note) => note.text);
    };
    expect(stuck(1)).toEqual(["1 key waits"]);
    expect(stuck(2)).toEqual(["2 keys wait"]);
  });

  const lastEdge = (change: object, width = 1100) => {
    const picture = flowPicture({ ...sample, ...change }, width);
    const pipes = picture.pipes.filter((pipe) => / to consumers$/.test(pipe.id));
    return {
      rate: pipes.map((pipe) => pipe.rate).join(""),
      note: pipes[0]?.note,
      notes: picture.boxes.find((box) => box.id === "consumers")?.notes.map((note) => note.text),
    };
  };
  const group = (change: Partial<ConsumerGroup>): ConsumerGroup => ({
    group: "bills",
    lag: 7,
    ratePerSecond: 2,
    topics: [],
    problem: null,
    ...change,
  });
  const watched = (...groups: ConsumerGroup[]) => ({
    consumers: { url: null, reachable: null, groups },
  });

  it("tells no rate of consumers that nobody watches", () => {
    for (const width of [320, 1100]) {
      for (const consumers of [null, { url: "http://c", reachable: true, groups: [] }]) {
        const edge = lastEdge({ consumers }, width);
        expect(edge.rate).toBe("");
        expect(edge.note?.text).toBe("not measured");
        expect(edge.notes).toEqual([consumers ? "reachable" : "not asked"]);
      }
    }
  });

  it("tells the pace of the consumers and how far they are behind", () => {
    expect(lastEdge(watched(group({})))).toEqual({
      rate: "2.0/s",
      note: { text: "7 behind", tone: "" },
      notes: ["bills"],
    });
    const late = lastEdge({
      ...watched(group({}), group({ lag: 5 })),
      alerts: [{ id: "consumers-behind" }],
    });
    expect(late).toEqual({
      rate: "4.0/s",
      note: { text: "12 behind", tone: "warn" },
      notes: ["2 groups"],
    });
  });

  it("says it where the lag is not known", () => {
    const away = group({ lag: null, ratePerSecond: null, problem: "no broker answers" });
    const edge = lastEdge(watched(away));
    expect(edge.rate).toBe("");
    expect(edge.note?.text).toBe("lag not known");
    expect(edge.notes).toEqual(["bills", "cannot be read"]);
    const text = flowText({ ...sample, ...watched(away, group({})) }).join(" ");
    expect(text).toContain("group bills: no broker answers");
    expect(text).toContain("group bills: 2.0/s, 7 behind");
  });

  // A letter of 12 px is 7 px wide at most, on average.
  it("has the words of the last edge beside the boxes, however long a topic's name is", () => {
    const topics = [{ topic: "W".repeat(80), publishedPerSecond: 1 }];
    for (const consumers of [null, sample.consumers]) {
      for (const width of [288, 960, 1100, 1400]) {
        const { boxes, pipes, across } = flowPicture({ ...sample, topics, consumers }, width);
        const pipe = pipes.find((candidate) => / to consumers$/.test(candidate.id));
        for (const [text, y] of [
          [pipe?.note?.text ?? "", pipe?.noteY ?? 0],
          [pipe?.rate ?? "", pipe?.rateY ?? 0],
        ] as const) {
          const left = (pipe?.labelX ?? 0) - (across ? text.length * 3.5 : 0);
          const right = left + text.length * 7;
          for (const box of boxes) {
            const apart =
              right <= box.x ||
              left >= box.x + box.width ||
              y <= box.y ||
              y - 12 >= box.y + box.height;
            expect(apart, `"${text}" and ${box.id} at ${width}`).toBe(true);
          }
          expect(right).toBeLessThanOrEqual(width);
        }
      }
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
      "sink.consumer_groups",
    ]) {
      expect(text).toContain(word);
    }
  });
});
