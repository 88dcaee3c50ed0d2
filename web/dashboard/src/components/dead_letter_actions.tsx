// What can be done with dead letters: retry, edit and retry one, discard.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useId, useState } from "preact/hooks";
import { api, type MessageSummary, type Payload, type Selection } from "../api";
import { plural } from "../lib/format";
import { parseTree, pretty } from "../lib/json_tree";
import { asError } from "../lib/resource";
import { Action } from "./action";
import { watchOperation } from "./operations";
import { rateOf, TextField } from "./replay";
import { Loading, Problem } from "./states";

interface ManyProps {
  selection: Selection;
  what: string; // "3 selected", "all with this error"
  done?: () => void;
  compact?: boolean;
  disabled?: boolean;
}

export function RetryAction({ selection, what, done, compact, disabled }: ManyProps) {
  const perSecond = useSignal("");
  return (
    <Action
      label={
        <>
          Retry <span class="hidden-visually">{what}</span>
        </>
      }
      compact={compact ?? false}
      disabled={disabled ?? false}
      title={`Retry ${what}?`}
      dryRun={() => api.countRetry(selection)}
      explain={(count) => (
        <ul>
          <li>
            {count === null ? "The dead letters" : plural(count, "dead letter")} will be sent again,
            each key in its order, with as many attempts as a new message has.
          </li>
          <li>What waits behind them follows once they are delivered.</li>
          <li>Whatever fails again dies again: nothing is lost.</li>
        </ul>
      )}
      fields={() => (
        <TextField label="At most per second" hint="no limit" text={perSecond} numeric />
      )}
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

export function DiscardAction({ selection, what, done, compact, disabled }: ManyProps) {
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
            <b>{count === null ? "The dead letters" : plural(count, "dead letter")}</b> will never
            be delivered. Consumers will not hear of these changes.
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

export function DeadLetterActions({
  message,
  done,
}: {
  message: MessageSummary;
  done: () => void;
}) {
  const selection = { names: [message.seq] };
  const what = `message ${message.seq}`;
  return (
    <span class="row">
      <RetryAction selection={selection} what={what} done={done} compact />
      <EditAction message={message} done={done} />
      <DiscardAction selection={selection} what={what} done={done} compact />
    </span>
  );
}

function EditAction({ message, done }: { message: MessageSummary; done: () => void }) {
  const text = useSignal<string | null>(null);
  const json = useSignal(false);
  const broken = () => json.value && text.value !== null && parseTree(text.value) === null;
  return (
    <Action
      label={
        <>
          Edit and retry <span class="hidden-visually">message {message.seq}</span>
        </>
      }
      compact
      wide
      title={`Edit message ${message.seq} and retry it`}
      explain={() => (
        <p>
          It is sent with the payload below; the row in the outbox stays as it was written, and the
          audit keeps that you edited it. What waits behind it follows.
        </p>
      )}
      fields={() => (
        <PayloadEditor
          seq={message.seq}
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
        const operation = await api.retry({ names: [message.seq] }, { payload: text.value });
        watchOperation(operation);
        return `Retrying message ${message.seq} with the edited payload.`;
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
