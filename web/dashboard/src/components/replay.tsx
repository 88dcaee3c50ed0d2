// Sends again what was delivered: by a filter, to the same topic or another.
import { type Signal, useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { api, type ReplayFilter } from "../api";
import { plural, sinceTime } from "../lib/format";
import { useQuery } from "../lib/location";
import { Action } from "./action";
import { watchOperation } from "./operations";

export function TextField({
  label,
  text,
  hint,
  numeric,
}: {
  label: string;
  text: Signal<string>;
  hint?: string;
  numeric?: boolean;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        inputMode={numeric ? "numeric" : "text"}
        value={text.value}
        placeholder={hint}
        autocomplete="off"
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
    </div>
  );
}

// A whole number above zero, or nothing.
export function rateOf(text: string): { ratePerSecond?: number } {
  return /^[1-9]\d{0,6}$/.test(text.trim()) ? { ratePerSecond: Number(text) } : {};
}

function filterOf(query: ReturnType<typeof useQuery>, id: string | undefined): ReplayFilter {
  if (id) return { id };
  const filter: ReplayFilter = {};
  for (const name of ["since", "until"] as const) {
    const time = query.get(name) && sinceTime(query.get(name), Date.now());
    if (time) filter[name] = time;
  }
  for (const name of ["aggregateId", "type"] as const) {
    if (query.get(name)) filter[name] = query.get(name);
  }
  return filter;
}

// What the page filters by beside it, which a replay does not know.
const OTHERS = ["status", "topic", "aggregateType", "error", "path"] as const;

// `id`: one message; else what the page's filters by time, key and type say, and nothing without any.
export function ReplayAction({ id }: { id?: string }) {
  const query = useQuery();
  const topic = useSignal("");
  const perSecond = useSignal("");
  const filter = filterOf(query, id);
  const words = Object.entries(filter).map(([name, value]) => `${name} ${value}`);
  if (words.length === 0) return null;
  const others = id ? [] : OTHERS.filter((name) => query.get(name));
  return (
    <Action
      label={id ? "Replay" : "Replay …"}
      title={id ? "Send this message once more?" : "Send delivered messages once more?"}
      dryRun={() => api.countReplay(filter)}
      explain={(count) => (
        <>
          <p>
            {count === null ? "Delivered messages" : plural(count, "delivered message")} with{" "}
            {words.join(", ")} will be sent once more, after what waits for the same keys.
          </p>
          <p>Consumers with an inbox ignore what they have had; others act a second time.</p>
          {others.length > 0 && (
            <p>
              <b>The page's other filters do not count here:</b> {others.join(", ")}.
            </p>
          )}
        </>
      )}
      fields={() => (
        <div class="filters">
          <TextField label="To another topic" hint="the same topic" text={topic} />
          <TextField label="At most per second" hint="no limit" text={perSecond} numeric />
        </div>
      )}
      confirmLabel={(count) => (count === null ? "Replay" : `Replay ${plural(count, "message")}`)}
      run={async () => {
        const to = topic.value.trim();
        const operation = await api.replay(filter, {
          ...(to ? { topic: to } : {}),
          ...rateOf(perSecond.value),
        });
        watchOperation(operation);
        return "The replay has begun.";
      }}
    />
  );
}
