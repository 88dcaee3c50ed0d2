// What a replay is asked to send, from the page's filters.
import type { ReplayFilter } from "../api_types";
import { sinceTime } from "./format";

// A time that cannot be read goes to the server as it is, which refuses it: without it, more would be sent.
export function replayFilter(get: (name: string) => string, now: number): ReplayFilter {
  const filter: ReplayFilter = {};
  for (const name of ["since", "until", "aggregateId", "type"] as const) {
    const text = get(name);
    const time = name === "since" || name === "until" ? sinceTime(text, now) : null;
    if (text) filter[name] = time ?? text;
  }
  return filter;
}
