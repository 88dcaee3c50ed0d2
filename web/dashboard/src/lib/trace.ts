// What a trace says, in words.
import type { Stage } from "../api_types";
import { duration } from "./format";

// "topic order-events, partition 2, offset 17"; times have a place of their own.
export function stageLine(stage: Stage): string {
  return Object.entries(stage.detail ?? {})
    .filter(
      ([name, value]) => value !== null && value !== "" && name !== "at" && name !== "createdAt",
    )
    .map(([name, value]) => {
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      return name === "kind" ? text : `${name} ${text}`;
    })
    .join(", ");
}

// Since the stage before. A consumer that counts whole milliseconds may seem to be a part of one early;
// what is earlier than that comes from clocks that differ.
export function sinceBefore(ms: number): string {
  if (ms >= 0) return duration(ms);
  return ms >= -1 ? "< 1 ms" : `${duration(ms)}, as the machines' clocks differ,`;
}

export function traceSummary(stages: readonly Stage[]): string {
  const reached = stages.filter((stage) => stage.known);
  const first = stages.find((stage) => stage.at !== null);
  const last = stages.findLast((stage) => stage.at !== null);
  const span =
    first?.at && last?.at && first !== last
      ? `, ${sinceBefore(Date.parse(last.at) - Date.parse(first.at))} from ${first.name} to ${last.name}`
      : "";
  return reached.length === stages.length
    ? `All ${stages.length} stages are known${span}.`
    : `${reached.length} of ${stages.length} stages are known${span}.`;
}
