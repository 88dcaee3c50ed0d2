// The one live overview that all pages share.
import { signal } from "@preact/signals";
import { api, type Overview } from "../api";
import { type EventStream, LiveSource, type LiveState } from "./live_source";

export const overview = signal<Overview | null>(null);
export const liveState = signal<LiveState>("connecting");
export const liveProblem = signal<unknown>(null);

function openStream(): EventStream {
  const source = new EventSource("/api/v1/events");
  const stream: EventStream = {
    onOverview: () => {},
    onError: () => {},
    close: () => source.close(),
  };
  source.addEventListener("overview", (event) => stream.onOverview(event.data));
  source.onerror = () => stream.onError(source.readyState === EventSource.CLOSED);
  return stream;
}

const live = new LiveSource<Overview>(
  {
    openStream,
    poll: () => api.overview(),
    parse: (data) => JSON.parse(data) as Overview,
    now: () => performance.now(),
    every: (ms, tick) => {
      const timer = setInterval(tick, ms);
      return () => clearInterval(timer);
    },
  },
  {
    value: (value) => {
      overview.value = value;
    },
    state: (state, problem) => {
      liveState.value = state;
      liveProblem.value = problem;
    },
  },
);

// A page that nobody sees gives its place among the server's streams to another.
export function startLive(): void {
  const follow = () => (document.hidden ? live.stop() : live.start());
  document.addEventListener("visibilitychange", follow);
  follow();
}

// After signing in or out, what may be read is another.
export function restartLive(): void {
  live.stop();
  if (!document.hidden) live.start();
}
