import { describe, expect, it } from "vitest";
import { type EventStream, LiveSource, type LiveState } from "./live_source";

// A browser in which time and the server are moved by hand.
class Surroundings {
  time = 0;
  streams: (EventStream & { closed: boolean })[] = [];
  polls: { answer(value: string): void; fail(): void }[] = [];
  states: LiveState[] = [];
  values: string[] = [];
  private tick = () => {};

  readonly live = new LiveSource<string>(
    {
      openStream: () => {
        const stream = {
          closed: false,
          onOverview: (_: string) => {},
          onError: (_: boolean) => {},
          close() {
            this.closed = true;
          },
        };
        this.streams.push(stream);
        return stream;
      },
      poll: () =>
        new Promise((resolve, reject) => {
          this.polls.push({ answer: resolve, fail: () => reject(new Error("gone")) });
        }),
      parse: (data) => data,
      now: () => this.time,
      every: (_, tick) => {
        this.tick = tick;
        return () => {
          this.tick = () => {};
        };
      },
    },
    {
      value: (value) => this.values.push(value),
      state: (state) => this.states.push(state),
    },
  );

  get stream() {
    return this.streams.at(-1) as EventStream & { closed: boolean };
  }
  pass(ms: number): void {
    this.time += ms;
    this.tick();
  }
  async answer(value: string): Promise<void> {
    this.polls.at(-1)?.answer(value);
    await Promise.resolve().then(() => {});
  }
}

describe("the live overview", () => {
  it("comes by the stream, and then nothing is asked", async () => {
    const around = new Surroundings();
    around.live.start();
    await around.answer("first");
    around.stream.onOverview("second");
    expect(around.values).toEqual(["first", "second"]);
    expect(around.states.at(-1)).toBe("streaming");
    around.pass(2000);
    around.pass(2000);
    expect(around.polls).toHaveLength(1);
  });

  it("is asked for every two seconds while the stream says nothing", async () => {
    const around = new Surroundings();
    around.live.start();
    await around.answer("a");
    around.pass(2000);
    await around.answer("b");
    expect(around.values).toEqual(["a", "b"]);
    expect(around.states.at(-1)).toBe("polling");
    around.stream.onOverview("streamed");
    expect(around.states.at(-1)).toBe("streaming");
  });

  it("does not ask again before it has an answer", () => {
    const around = new Surroundings();
    around.live.start();
    around.pass(2000);
    around.pass(2000);
    expect(around.polls).toHaveLength(1);
  });

  it("asks at once when the stream breaks, and opens another after a while when it was refused", async () => {
    const around = new Surroundings();
    around.live.start();
    await around.answer("a");
    around.stream.onError(true);
    expect(around.polls).toHaveLength(2);
    expect(around.stream.closed).toBe(true);
    around.pass(10_000);
    expect(around.streams).toHaveLength(1);
    around.pass(20_000);
    expect(around.streams).toHaveLength(2);
  });

  it("tells when nobody answers", async () => {
    const around = new Surroundings();
    around.live.start();
    around.polls[0]?.fail();
    await Promise.resolve().then(() => {});
    expect(around.states.at(-1)).toBe("failing");
  });

  it("hears nothing more once it is stopped", async () => {
    const around = new Surroundings();
    around.live.start();
    const { stream } = around;
    around.live.stop();
    expect(stream.closed).toBe(true);
    stream.onOverview("late");
    await around.answer("later");
    expect(around.values).toEqual([]);
  });
});
