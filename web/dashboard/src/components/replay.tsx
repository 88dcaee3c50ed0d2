// Sends again what was delivered: by a filter, to the same topic or another.
import { type Signal, useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { api } from "../api";
import { plural, titleCase } from "../lib/format";
import { useQuery } from "../lib/location";
import { rateOf, rateProblem } from "../lib/rate";
import { replayFilter } from "../lib/replay";
import { Action } from "./action";
import { watchOperation } from "./operations";

export function TextField({
  label,
  text,
  hint,
  problem,
}: {
  label: string;
  text: Signal<string>;
  hint: string;
  problem?: string | null;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        value={text.value}
        placeholder={hint}
        autocomplete="off"
        aria-invalid={!!problem}
        aria-describedby={`${id}-problem`}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      <span id={`${id}-problem`} class="small">
        {problem}
      </span>
    </div>
  );
}

export function RateField({ text }: { text: Signal<string> }) {
  return (
    <TextField
      label="At most per second"
      hint="no limit"
      text={text}
      problem={rateProblem(text.value)}
    />
  );
}

// What the page filters by beside it, which a replay does not know.
const OTHERS = ["status", "topic", "aggregateType", "error", "path"] as const;

// `id`: one message; else what the page's filters by time, key and type say, and nothing without any.
export function ReplayAction({ id }: { id?: string }) {
  const query = useQuery();
  const topic = useSignal("");
  const perSecond = useSignal("");
  const filter = id ? { id } : replayFilter(query.get, Date.now());
  const words = Object.entries(filter).map(([name, value]) => `${name} ${value}`);
  if (words.length === 0) return null;
  const others = id ? [] : OTHERS.filter((name) => query.get(name));
  return (
    <Action
      label={id ? "Replay" : "Replay …"}
      title={id ? "Send this message once more?" : "Send delivered messages once more?"}
      dryRun={() => api.countReplay(filter)}
      explain={(count, least) => (
        <>
          <p>
            {count === null
              ? "Delivered messages"
              : titleCase(least + plural(count, "delivered message"))}{" "}
            with {words.join(", ")} will be sent once more, after what waits for the same keys.
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
          <RateField text={perSecond} />
        </div>
      )}
      confirmLabel={(count, least) =>
        count === null ? "Replay" : `Replay ${least}${plural(count, "message")}`
      }
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
