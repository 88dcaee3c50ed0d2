// What a trace says, in words.
import type { Stage } from "../api_types";
import { duration } from "./format";

const LABELS: Record<string, string> = {
  transaction: "transaction",
  shard: "shard",
  relay: "relay",
  epoch: "epoch",
  topic: "topic",
  partition: "partition",
  offset: "offset",
  consumer: "consumer",
  kind: "",
  duplicates: "duplicates",
  reference: "reference",
};

// "topic order-events, partition 2, offset 17"; times have a place of their own.
export function stageLine(stage: Stage): string {
  return Object.entries(stage.detail ?? {})
    .filter(
      ([name, value]) => value !== null && value !== "" && name !== "at" && name !== "createdAt",
    )
    .map(([name, value]) => {
      const label = LABELS[name] ?? name;
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      return label ? `${label} ${text}` : text;
    })
    .join(", ");
}

export function traceSummary(stages: readonly Stage[]): string {
  const reached = stages.filter((stage) => stage.known);
  const first = stages.find((stage) => stage.at !== null);
  const last = stages.findLast((stage) => stage.at !== null);
  const span =
    first?.at && last?.at && first !== last
      ? `, ${duration(Date.parse(last.at) - Date.parse(first.at))} from ${first.name} to ${last.name}`
      : "";
  return reached.length === stages.length
    ? `All ${stages.length} stages are known${span}.`
    : `${reached.length} of ${stages.length} stages are known${span}.`;
}
