// Small things that many pages show.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { MessageSummary, Status } from "../api";
import { localTime, relative, titleCase, UNKNOWN, utcTime } from "../lib/format";
import { aggregatePath, messagePath } from "../lib/location";
import { toast } from "./toasts";

export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 2000);

// In the local zone; UTC in the title. `ago` adds how long since.
export function Time({
  at,
  ago,
  precise,
}: {
  at: string | null;
  ago?: boolean;
  precise?: boolean;
}) {
  if (!at) return <span class="muted">{UNKNOWN}</span>;
  return (
    <time dateTime={at} title={utcTime(at)} class="number">
      {localTime(at, precise)}
      {ago && <span class="muted"> ({relative(at, now.value)})</span>}
    </time>
  );
}

export function Ago({ at }: { at: string | null }) {
  if (!at) return <span class="muted">{UNKNOWN}</span>;
  return (
    <time dateTime={at} title={`${localTime(at, true)} here; ${utcTime(at)}`} class="number">
      {relative(at, now.value)}
    </time>
  );
}

const SHAPES = {
  disc: "M5 0a5 5 0 1 1 0 10A5 5 0 0 1 5 0z",
  square: "M1 1h8v8H1z",
  up: "M5 0l5 10H0z",
  diamond: "M5 0l5 5-5 5-5-5z",
  bars: "M1 0h3v10H1zM6 0h3v10H6z",
} as const;

const STATUS: Record<string, [tone: string, shape: keyof typeof SHAPES]> = {
  pending: ["accent", "disc"],
  delayed: ["calm", "bars"],
  retrying: ["warn", "up"],
  held: ["warn", "square"],
  processed: ["good", "disc"],
  dead: ["bad", "diamond"],
  discarded: ["", "square"],
  running: ["accent", "disc"],
  done: ["good", "disc"],
  failed: ["bad", "diamond"],
  cancelled: ["", "square"],
  paused: ["warn", "bars"],
  critical: ["bad", "diamond"],
  warning: ["warn", "up"],
};

export function Badge({ status, text }: { status: Status; text?: string }) {
  const [tone, shape] = STATUS[status] ?? ["", "disc"];
  return (
    <span class={`badge ${tone}`}>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        <path d={SHAPES[shape]} />
      </svg>
      {text ?? titleCase(status)}
    </span>
  );
}

export function Copy({ text, label, name }: { text: string; label: string; name?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
      toast(`Copied: ${label}`);
    } catch {
      toast("The browser did not let this page copy. Select the text and copy it by hand.", "bad");
    }
  };
  return (
    <button class="button compact" type="button" onClick={copy}>
      {copied ? "Copied" : (name ?? "Copy")} <span class="hidden-visually">{label}</span>
    </button>
  );
}

export function MessageLink({ seq, children }: { seq: string; children?: ComponentChildren }) {
  return (
    <Link class="mono" href={messagePath(seq)}>
      {children ?? seq}
    </Link>
  );
}

export function KeyLink({
  message,
}: {
  message: Pick<MessageSummary, "aggregateType" | "aggregateId">;
}) {
  // Of a message whose row is gone only its number may be left.
  if (!message.aggregateType || !message.aggregateId) return <span class="muted">{UNKNOWN}</span>;
  return (
    <Link href={aggregatePath(message.aggregateType, message.aggregateId)}>
      {message.aggregateType}/<span class="mono">{message.aggregateId}</span>
    </Link>
  );
}

export function Stat({
  name,
  children,
  note,
  tone,
}: {
  name: string;
  children: ComponentChildren;
  note?: ComponentChildren;
  tone?: "good" | "warn" | "bad" | undefined;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={tone ? `toned ${tone}` : ""}>
        {children} {note && <small>{note}</small>}
      </dd>
    </div>
  );
}

// Values that are one of a few: links, so that each has an address.
export function Segments({
  label,
  options,
  current,
  href,
}: {
  label: string;
  options: readonly (readonly [value: string, name: string])[];
  current: string;
  href: (value: string) => string;
}) {
  return (
    <nav class="segments" aria-label={label}>
      {options.map(([value, name]) => (
        <Link key={value} href={href(value)} aria-current={value === current ? "true" : undefined}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
