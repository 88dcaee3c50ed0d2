// What became of operations between two answers of the server.
import type { Operation } from "../api_types";
import { count, titleCase } from "./format";

export interface Ended {
  text: string;
  tone: "good" | "bad";
}

const PAST = { retry: "Retried", discard: "Discarded", replay: "Replayed" } as const;

function ended(operation: Operation): Ended {
  const so = `${PAST[operation.kind]} ${count(operation.done)} of ${count(operation.total)}`;
  if (operation.state === "failed")
    return { text: `${so}, then failed: ${operation.error ?? "no reason given"}`, tone: "bad" };
  return { text: operation.state === "cancelled" ? `${so}, then cancelled` : so, tone: "good" };
}

// A relay forgets its operations when it is restarted; one that it knows no more did not go on.
function lost({ kind, done, total }: Operation): Ended {
  return {
    text: `${titleCase(kind)}: the relay was restarted after ${count(done)} of ${count(total)}. The audit has what was done.`,
    tone: "bad",
  };
}

export function endsBetween(before: readonly Operation[], after: readonly Operation[]): Ended[] {
  return before
    .filter((operation) => operation.state === "running")
    .flatMap((old) => {
      const now = after.find((operation) => operation.id === old.id);
      if (!now) return [lost(old)];
      return now.state === "running" ? [] : [ended(now)];
    });
}
