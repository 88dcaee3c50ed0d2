// How the relay is, in a sentence.
import type { Overview } from "../api_types";
import { plural } from "./format";

function stuckWords(o: Overview): string[] {
  const { dead = 0, retrying = 0, heldKeys = 0 } = o.failed ?? {};
  return [
    dead && plural(dead, "dead letter"),
    retrying && `${plural(retrying, "message")} retrying`,
    heldKeys && plural(heldKeys, "key that waits", "keys that wait"),
  ].filter((words) => words !== 0);
}

// One sentence: how it is, and the tone of it.
export function verdict(o: Overview): { text: string; tone: "good" | "warn" | "bad" } {
  if (!o.source.connected) {
    return {
      text: `Nothing is read: ${o.source.problem ?? "the database is not connected"}`,
      tone: "bad",
    };
  }
  if (!o.sink.reachable) {
    return {
      text: `Nothing can be sent: ${o.sink.detail || "the sink is not reachable"}`,
      tone: "bad",
    };
  }
  if (o.paused)
    return { text: "Delivery is paused. What is written waits in the outbox.", tone: "warn" };
  const critical = o.alerts.filter((alert) => alert.severity === "critical").length;
  if (critical)
    return { text: `${plural(critical, "thing needs", "things need")} you now.`, tone: "bad" };
  if (o.alerts.length) {
    return {
      text: `Delivering, but ${plural(o.alerts.length, "thing needs", "things need")} a look.`,
      tone: "warn",
    };
  }
  const stuck = stuckWords(o);
  if (stuck.length) return { text: `Delivering, apart from: ${stuck.join(", ")}.`, tone: "warn" };
  return { text: "Messages are being delivered. Nothing is stuck.", tone: "good" };
}
