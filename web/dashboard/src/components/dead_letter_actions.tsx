// What can be done with dead letters, and with one that is retried for ever: retry, edit and retry one,
// discard.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useId, useState } from "preact/hooks";
import { api, type Payload, type Selection, type Status } from "../api";
import { plural } from "../lib/format";
import { parseTree, pretty } from "../lib/json_tree";
import { rateOf } from "../lib/rate";
import { asError } from "../lib/resource";
import { Action } from "./action";
import { watchOperation } from "./operations";
import { RateField } from "./replay";
import { Loading, Problem } from "./states";

interface ManyProps {
  selection: Selection;
  what: string; // "3 selected", "all with this error"
  done?: () => void;
  compact?: boolean;
  disabled?: boolean;
  now?: boolean; // it is retried anyway, only later
}

const named = (count: number | null, now: boolean | undefined) => {
  const one = now ? "message" : "dead letter";
  return count === null ? `The ${one}s` : plural(count, one);
};

export function RetryAction({ selection, what, done, compact, disabled, now }: ManyProps) {
  const perSecond = useSignal("");
  const verb = now ? "Retry now" : "Retry";
  return (
    <Action
      label={
        <>
          {verb} <span class="hidden-visually">{what}</span>
        </>
      }
      compact={compact ?? false}
      disabled={disabled ?? false}
      title={`Retry ${what}${now ? " now" : ""}?`}
      dryRun={() => api.countRetry(selection)}
      explain={(count) => (
        <ul>
          <li>
            {named(count, now)} will be sent again {now && "at once"}, each key in its order, with
            as many attempts as a new message has.
          </li>
          <li>What waits behind them follows once they are delivered.</li>
          <li>
            {now
              ? "If it fails again, its key waits on for the attempts after that."
              : "Whatever fails again dies again: nothing is lost."}
          </li>
        </ul>
      )}
      fields={() => <RateField text={perSecond} />}
      confirmLabel={(count) => (count === null ? "Retry" : `Retry ${plural(count, "message")}`)}
      run={async () => {
        const operation = await api.retry(selection, rateOf(perSecond.value));
        watchOperation(operation);
        return `Retrying ${plural(operation.total, "message")}.`;
      }}
      done={done}
    />
  );
}

export function DiscardAction({ selection, what, done, compact, disabled, now }: ManyProps) {
  return (
    <Action
      label={
        <>
          Discard <span class="hidden-visually">{what}</span>
        </>
      }
      danger
      compact={compact ?? false}
      disabled={disabled ?? false}
      title={`Discard ${what}?`}
      dryRun={() => api.countDiscard(selection)}
      explain={(count) => (
        <ul>
          <li>
            <b>{named(count, now)}</b> will never be delivered. Consumers will not hear of these
            changes.
          </li>
          <li>What waits behind them is delivered then, without them.</li>
          <li>The audit keeps that you did it, for each message. It cannot be taken back.</li>
        </ul>
      )}
      typed={(count) => `discard ${count}`}
      confirmLabel={(count) => (count === null ? "Discard" : `Discard ${plural(count, "message")}`)}
      run={async (_, typed) => {
        const operation = await api.discard(selection, typed);
        watchOperation(operation);
        return `Discarding ${plural(operation.total, "message")}.`;
      }}
      done={done}
    />
  );
}

// For a message that is given up, or retried: under the policy `block` none is ever given up.
export function DeadLetterActions({
  seq,
  status,
  done,
}: {
  seq: string;
  status: Status;
  done: () => void;
}) {
  const now = status === "retrying";
  if (!now && status !== "dead") return null;
  const many = { selection: { names: [seq] }, what: `message ${seq}`, done, now, compact: true };
  return (
    <span class="row">
      <RetryAction {...many} />
      <EditAction seq={seq} done={done} />
      <DiscardAction {...many} />
    </span>
  );
}

export function EditAction({ seq, done }: { seq: string; done: () => void }) {
  const text = useSignal<string | null>(null);
  const json = useSignal(false);
  const broken = () => json.value && text.value !== null && parseTree(text.value) === null;
  return (
    <Action
      label={
        <>
          Edit and retry <span class="hidden-visually">message {seq}</span>
        </>
      }
      compact
      wide
      title={`Edit message ${seq} and retry it`}
      explain={() => (
        <p>
          It is sent with the payload below; the row in the outbox stays as it was written, and the
          audit keeps that you edited it. What waits behind it follows.
        </p>
      )}
      fields={() => (
        <PayloadEditor
          seq={seq}
          text={text}
          json={json}
          problem={broken() ? "This is not JSON yet, as the payload was." : null}
        />
      )}
      confirmLabel={() => "Retry with this payload"}
      run={async () => {
        if (text.value === null) throw new Error("The payload is still being loaded.");
        if (broken())
          throw new Error(
            "The payload was JSON and what is written here is not: correct it first.",
          );
        const operation = await api.retry({ names: [seq] }, { payload: text.value });
        watchOperation(operation);
        return `Retrying message ${seq} with the edited payload.`;
      }}
      done={done}
    />
  );
}

function whyNot(payload: Payload): string | null {
  if (payload.encoding === "base64")
    return "This payload is not text, so it cannot be edited here.";
  if (payload.masked)
    return "Parts of this payload are masked for you: editing would send the mask.";
  if (payload.truncated)
    return "This payload is too large to be edited here: use outboxctl dead-letters retry --payload FILE.";
  return null;
}

function PayloadEditor({
  seq,
  text,
  json,
  problem,
}: {
  seq: string;
  text: Signal<string | null>;
  json: Signal<boolean>;
  problem: string | null;
}) {
  const id = useId();
  const [error, setError] = useState<Error | null>(null);
  // What is being typed is loaded once.
  useEffect(() => {
    text.value = null;
    api
      .message(seq)
      .then(({ items }) => {
        const message = items.find((candidate) => candidate.seq === seq) ?? items[0];
        if (!message) throw new Error("There is no such message any more.");
        const payload = message.payload;
        if (!payload) throw new Error("Its row is gone: there is no payload to edit.");
        const reason = whyNot(payload);
        if (reason) throw new Error(reason);
        const tree = payload.encoding === "json" ? parseTree(payload.content) : null;
        json.value = tree !== null;
        text.value = tree ? pretty(tree) : payload.content;
      })
      .catch((caught) => setError(asError(caught)));
  }, [seq]);
  if (error) return <Problem error={error} />;
  if (text.value === null) return <Loading what="the payload" />;
  return (
    <div class="field">
      <label for={id}>Payload</label>
      <textarea
        id={id}
        class="mono"
        spellcheck={false}
        value={text.value}
        aria-invalid={problem !== null}
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
