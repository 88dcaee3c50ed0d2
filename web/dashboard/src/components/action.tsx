// A button that changes something: a dialog first says what will happen, and to how many.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Count } from "../api";
import { plural } from "../lib/format";
import { asError } from "../lib/resource";
import { mayChange, session } from "../lib/session";
import { Dialog } from "./dialog";
import { Loading, Problem, signInHref } from "./states";
import { toast } from "./toasts";

export interface ActionProps {
  label: ComponentChildren;
  title: string;
  // What will happen; `count` is what the dry run said, null before or without one, or when there
  // may be more.
  explain: (count: number | null) => ComponentChildren;
  dryRun?: () => Promise<Count>;
  // What has to be typed before it is done.
  typed?: (count: number) => string;
  confirmLabel: (count: number | null) => string;
  run: (count: number | null, typed: string) => Promise<string>; // what happened, to be told
  done?: () => void;
  danger?: boolean;
  primary?: boolean;
  compact?: boolean;
  disabled?: boolean;
  wide?: boolean;
  fields?: ComponentChildren;
}

export function Action(props: ActionProps) {
  const [open, setOpen] = useState(false);
  const classes = ["button"];
  if (props.danger) classes.push("danger");
  if (props.primary) classes.push("primary");
  if (props.compact) classes.push("compact");
  return (
    <>
      <button
        type="button"
        class={classes.join(" ")}
        disabled={props.disabled}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        {props.label}
      </button>
      {open && <ActionDialog {...props} close={() => setOpen(false)} />}
    </>
  );
}

function ActionDialog(props: ActionProps & { close: () => void }) {
  const allowed = mayChange.value;
  return (
    <Dialog title={props.title} wide={props.wide ?? false} onClose={props.close}>
      {allowed ? <Confirm {...props} /> : <OfferSignIn {...props} />}
    </Dialog>
  );
}

function OfferSignIn({ explain, close }: ActionProps & { close: () => void }) {
  const viewer = session.value?.role === "viewer" && session.value.name;
  return (
    <>
      <div class="prose">{explain(null)}</div>
      <div class="notice accent">
        <strong>{viewer ? "You are signed in as a viewer" : "You are not signed in"}</strong>
        <span>
          Changing anything needs an operator's token, and is written to the audit with its name.
        </span>
      </div>
      <div class="actions">
        <button class="button" type="button" onClick={close}>
          Close
        </button>
        <Link class="button primary" href={signInHref()}>
          Sign in as an operator
        </Link>
      </div>
    </>
  );
}

function Confirm(props: ActionProps & { close: () => void }) {
  const { dryRun, explain, typed, close } = props;
  const [counted, setCounted] = useState<Count | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const [text, setText] = useState("");
  const [round, setRound] = useState(0);
  const id = useId();

  // Asked once, and again after a conflict.
  useEffect(() => {
    let current = true;
    dryRun?.().then(
      (answer) => current && setCounted(answer),
      (problem) => current && setError(asError(problem)),
    );
    return () => {
      current = false;
    };
  }, [round]);

  const more = counted?.countIsLowerBound === true;
  const count = counted && !more ? counted.count : null;
  const counting = dryRun !== undefined && counted === null && error === null;
  const nothing = dryRun !== undefined && count === 0;
  const wanted = typed && count !== null ? typed(count) : null;
  const ready = !counting && !busy && !nothing && (dryRun === undefined || counted !== null);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!ready || (wanted !== null && text !== wanted)) return;
    setBusy(true);
    setError(null);
    try {
      const told = await props.run(count, text);
      close();
      toast(told);
      props.done?.();
    } catch (problem) {
      setError(asError(problem));
      setBusy(false);
      // The number may have changed meanwhile: the next try has the one of now.
      if (dryRun) setRound((old) => old + 1);
    }
  };
  return (
    <form class="stack" onSubmit={submit}>
      <div class="prose">{explain(count)}</div>
      {counted && more && (
        <p class="notice">
          At least {plural(counted.count, "message")}: counting them all would take long.
        </p>
      )}
      {counting && <Loading what="how many this concerns" />}
      {nothing && <p class="notice">Nothing matches now, so there is nothing to do.</p>}
      {props.fields}
      {wanted !== null && !nothing && (
        <div class="field">
          <label for={id}>
            To confirm, type <code>{wanted}</code>
          </label>
          <input
            id={id}
            type="text"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </div>
      )}
      {error && <Problem error={error} />}
      <div class="actions">
        <button class="button" type="button" onClick={close}>
          Cancel
        </button>
        <button
          class={`button primary ${props.danger ? "danger" : ""}`}
          type="submit"
          disabled={!ready || (wanted !== null && text !== wanted)}
        >
          {busy ? "Working …" : props.confirmLabel(count)}
        </button>
      </div>
    </form>
  );
}
