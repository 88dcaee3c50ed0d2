// A button that changes something: a dialog first says what will happen, and to how many.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import type { Count } from "../api_types";
import { asError } from "../lib/resource";
import { mayChange, session } from "../lib/session";
import { Dialog } from "./dialog";
import { Loading, Problem, signInHref } from "./states";
import { toast } from "./toasts";

export interface ActionProps {
  label: ComponentChildren;
  title: string;
  // What will happen; `count` is what the dry run said, null before or without one; `least` is
  // "at least " where it did not count to the end.
  explain: (count: number | null, least: string) => ComponentChildren;
  dryRun?: () => Promise<Count>;
  // What has to be typed before it is done.
  typed?: (count: number) => string;
  confirmLabel: (count: number | null, least: string) => string;
  run: (count: number | null, typed: string) => Promise<string>; // what happened, to be told
  done?: (() => void) | undefined;
  danger?: boolean;
  primary?: boolean;
  compact?: boolean;
  disabled?: boolean;
  wide?: boolean;
  // What is chosen or typed there is in signals: the dialog has no other way to hear of it.
  fields?: () => ComponentChildren;
}

// What is open, as it was when it was opened. The page goes on behind it; what was read is what is
// done, and a dialog is not taken away because its button is.
const opened = signal<ActionProps | null>(null);
const close = () => {
  opened.value = null;
};

export function Action(props: ActionProps) {
  const classes = ["button"];
  if (props.danger) classes.push("danger");
  if (props.primary) classes.push("primary");
  if (props.compact) classes.push("compact");
  return (
    <button
      type="button"
      class={classes.join(" ")}
      disabled={props.disabled}
      aria-haspopup="dialog"
      onClick={() => {
        opened.value = props;
      }}
    >
      {props.label}
    </button>
  );
}

// Beside the pages, once.
export function ActionDialog() {
  const [path] = useLocation();
  // Closed before the next page takes the focus, which is not given beside an open dialog.
  useLayoutEffect(() => close, [path]);
  const props = opened.value;
  if (!props) return null;
  return (
    <Dialog title={props.title} wide={props.wide ?? false} onClose={close}>
      {mayChange.value ? <Confirm {...props} /> : <OfferSignIn {...props} />}
    </Dialog>
  );
}

function OfferSignIn({ explain }: ActionProps) {
  const viewer = session.value?.role === "viewer" && session.value.name;
  return (
    <>
      <div class="prose">{explain(null, "")}</div>
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

function Confirm(props: ActionProps) {
  const { dryRun, explain, typed } = props;
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

  const count = counted ? counted.count : null;
  const least = counted?.countIsLowerBound ? "at least " : "";
  const counting = dryRun !== undefined && count === null && error === null;
  const nothing = count === 0 && !counted?.countIsLowerBound;
  const wanted = typed && count !== null ? typed(count) : null;
  const ready = !counting && !busy && !nothing && (dryRun === undefined || count !== null);
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
      <div class="prose stack" aria-live="polite">
        {explain(count, least)}
        {nothing && <p class="notice">Nothing matches now, so there is nothing to do.</p>}
      </div>
      {counting && <Loading what="how many this concerns" />}
      {props.fields?.()}
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
          {busy ? "Working …" : props.confirmLabel(count, least)}
        </button>
      </div>
    </form>
  );
}
