import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import { api, type Stage, type StageName, type Trace } from "../api";
import { Badge, KeyLink, Time } from "../components/bits";
import { Card, Page } from "../components/page";
import { Loaded } from "../components/states";
import { titleCase } from "../lib/format";
import { messagePath, tracePath, usePathSegments } from "../lib/location";
import { useResource } from "../lib/resource";
import { sinceBefore, stageLine, traceSummary } from "../lib/trace";

const REFRESH_MS = 2000;

const NAMES: Record<StageName, [title: string, what: string]> = {
  committed: ["Committed", "The writer's transaction made it durable"],
  read: ["Read", "A relay read it from the outbox"],
  acknowledged: ["Acknowledged", "The broker has it"],
  consumed: ["Consumed", "The consumer read it"],
  effect: ["Effect", "What it changed at the consumer"],
};

export function TracePage() {
  const name = usePathSegments()[1] ?? "";
  const [, navigate] = useLocation();
  const trace = useResource(`trace ${name}`, (signal) => api.trace(name, signal), REFRESH_MS);
  const field = useRef<HTMLInputElement>(null);
  // Another address shows its own name, in the same field.
  useEffect(() => {
    if (field.current) field.current.value = name;
  }, [name]);
  const other = (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = String(
      new FormData(event.currentTarget as HTMLFormElement).get("name") ?? "",
    ).trim();
    if (wanted) navigate(tracePath(wanted));
  };
  return (
    <Page
      title={`Trace of ${name}`}
      heading={
        <>
          Trace of <span class="mono">{name}</span>
        </>
      }
      lead="One message's whole way, and what each part of it took."
      actions={
        <Link class="button" href={messagePath(name)}>
          Payload and attempts
        </Link>
      }
    >
      <form class="row" role="search" aria-label="Trace another message" onSubmit={other}>
        <label class="small muted" for="trace-name">
          Another message
        </label>
        <input ref={field} id="trace-name" name="name" autocomplete="off" spellcheck={false} />
        <button class="button" type="submit">
          Trace
        </button>
      </form>
      <Loaded resource={trace} what="the trace">
        {(data) => <Timeline trace={data} />}
      </Loaded>
    </Page>
  );
}

function Timeline({ trace }: { trace: Trace }) {
  const { message, stages } = trace;
  const longest = Math.max(1, ...stages.map((stage) => stage.durationMs ?? 0));
  return (
    <Card title="Timeline">
      {message && (
        <p class="row">
          <Badge status={message.status} /> {message.type} of <KeyLink message={message} />
        </p>
      )}
      <p>{traceSummary(stages)}</p>
      <ol class="timeline">
        {stages.map((stage) => (
          <StageItem key={stage.name} stage={stage} longest={longest} />
        ))}
      </ol>
    </Card>
  );
}

function StageItem({ stage, longest }: { stage: Stage; longest: number }) {
  const [title, what] = NAMES[stage.name] ?? [titleCase(stage.name), ""];
  const reached = stage.known;
  const details = stageLine(stage);
  const extra: ComponentChildren =
    stage.durationMs === null ? null : (
      <>
        <span class="number">
          {sinceBefore(stage.durationMs)} <span class="muted">after the stage before</span>
        </span>
        <div class="bar" aria-hidden="true">
          <div style={{ width: `${Math.max(0, (stage.durationMs / longest) * 100)}%` }} />
        </div>
      </>
    );
  return (
    <li class={reached ? "good" : "missing"}>
      <div class="row spread">
        <h3>
          {title} <span class="hidden-visually">{reached ? "(reached)" : "(missing)"}</span>
        </h3>
        {stage.at && <Time at={stage.at} precise />}
      </div>
      <span class="muted small">{what}</span>
      {details && <span class="wrap">{details}</span>}
      {extra}
      {stage.missing && <span class="notice warn">{stage.missing}</span>}
    </li>
  );
}
