import { Link } from "wouter-preact";
import { type Alert, api, type HistoryPoint, type Overview } from "../api";
import { Action } from "../components/action";
import { Badge, Segments, Stat } from "../components/bits";
import { Chart } from "../components/chart";
import { Flow } from "../components/flow";
import { Card, Page } from "../components/page";
import { Loaded, Loading } from "../components/states";
import { bytes, compact, count, duration, rate } from "../lib/format";
import { liveState, overview } from "../lib/live";
import { ownPath, useQuery } from "../lib/location";
import { useResource } from "../lib/resource";
import { verdict } from "../lib/verdict";

const HISTORY_MS = 10_000;
const SHARDS_MS = 10_000;
const MINUTES = [
  ["15", "15 min"],
  ["30", "30 min"],
  ["60", "1 hour"],
] as const;

export function OverviewPage() {
  const now = overview.value;
  return (
    <Page
      title="Overview"
      lead={now && <Verdict overview={now} />}
      actions={now && <PauseAll paused={now.paused} pending={now.pending} />}
    >
      {now ? (
        <Content overview={now} />
      ) : (
        liveState.value !== "failing" && <Loading what="the overview" />
      )}
    </Page>
  );
}

function Verdict({ overview: now }: { overview: Overview }) {
  const { text, tone } = verdict(now);
  const status = { good: "processed", warn: "warning", bad: "critical" }[tone];
  const word = { good: "Good", warn: "Look", bad: "Act" }[tone];
  return (
    <>
      <Badge status={status} text={word} /> {text}
    </>
  );
}

function PauseAll({ paused, pending }: { paused: boolean; pending: number | null }) {
  if (paused) {
    return (
      <Action
        label="Resume all"
        primary
        title="Resume all delivery?"
        explain={() => (
          <p>
            Delivery goes on where it stopped, in order: {compact(pending)} messages wait. Topics
            and shards that are paused by themselves stay so.
          </p>
        )}
        confirmLabel={() => "Resume all delivery"}
        run={async () => {
          const { changed } = await api.resume();
          return changed ? "Delivery goes on." : "Delivery was not paused.";
        }}
      />
    );
  }
  return (
    <Action
      label="Pause all"
      title="Pause all delivery?"
      explain={() => (
        <ul>
          <li>
            Every relay of this outbox stops sending, within a second or so; what is under way is
            finished.
          </li>
          <li>Writers go on: their messages wait in the outbox, and nothing is lost.</li>
          <li>Consumers get nothing until someone resumes. It stays so across restarts.</li>
        </ul>
      )}
      confirmLabel={() => "Pause all delivery"}
      run={async () => {
        const { changed } = await api.pause();
        return changed ? "Delivery is paused." : "Delivery was paused already.";
      }}
    />
  );
}

function Content({ overview: now }: { overview: Overview }) {
  const shards = useResource("shards", (signal) => api.shards(signal), SHARDS_MS);
  return (
    <>
      {now.alerts.length > 0 && <Alerts alerts={now.alerts} />}
      <Card title="The way of the messages">
        <Flow overview={now} shards={shards.data} />
      </Card>
      <Numbers overview={now} />
      <Charts />
    </>
  );
}

function Alerts({ alerts }: { alerts: readonly Alert[] }) {
  return (
    <section aria-label="Alerts" class="stack">
      {alerts.map((alert) => (
        <div key={alert.id} class={`notice ${alert.severity === "critical" ? "bad" : "warn"}`}>
          <div class="row">
            <Badge status={alert.severity} />
            <strong>{alert.title}</strong>
          </div>
          <span>{alert.detail}</span>
          <span>
            <b>What to do:</b> {alert.remedy}{" "}
            {alert.href && <Link href={ownPath(alert.href)}>Look at it</Link>}
          </span>
        </div>
      ))}
    </section>
  );
}

function Numbers({ overview: now }: { overview: Overview }) {
  const age = now.oldestPendingAgeSeconds;
  const latency = now.latency;
  const failed = now.failed;
  return (
    <dl class="stats">
      <Stat name="Pending">
        {now.pendingIsEstimate && "≈ "}
        {count(now.pending)}
      </Stat>
      <Stat name="Oldest pending" tone={age && age > 60 ? "warn" : undefined}>
        {age === null ? "–" : duration(age * 1000)}
      </Stat>
      <Stat
        name="Commit to ack"
        note={
          latency
            ? `p95 ${duration(latency.p95Ms)}, p99 ${duration(latency.p99Ms)}`
            : "nothing in the last minute"
        }
      >
        {latency ? `p50 ${duration(latency.p50Ms)}` : "–"}
      </Stat>
      <Stat name="Processed" note={`${count(now.processed)} since the start`}>
        {rate(now.rates.processedPerSecond)}
      </Stat>
      <Stat name="Failed attempts" note={`${count(now.failedAttempts)} since the start`}>
        {rate(now.rates.failedPerSecond)}
      </Stat>
      <Stat name="Retrying" tone={failed?.retrying ? "warn" : undefined} note="messages">
        {failed?.retrying ? (
          <Link href="/messages?status=retrying">{count(failed.retrying)}</Link>
        ) : (
          count(failed?.retrying)
        )}
      </Stat>
      <Stat name="Held back" tone={failed?.heldKeys ? "warn" : undefined} note="keys">
        {failed?.heldKeys ? (
          <Link href="/messages?status=held">{count(failed.heldKeys)}</Link>
        ) : (
          count(failed?.heldKeys)
        )}
      </Stat>
      <Stat name="Dead letters" tone={failed?.dead ? "bad" : undefined}>
        {failed?.dead ? (
          <Link href="/dead-letters">{count(failed.dead)}</Link>
        ) : (
          count(failed?.dead)
        )}
      </Stat>
      {now.mode === "wal" && <Stat name="Log kept for the relay">{bytes(now.lagBytes)}</Stat>}
    </dl>
  );
}

const point = (name: keyof HistoryPoint) => (p: HistoryPoint) => p[name] as number | null;

function Charts() {
  const query = useQuery();
  const minutes = MINUTES.find(([value]) => value === query.get("minutes"))?.[0] ?? "60";
  const history = useResource(
    `history ${minutes}`,
    (signal) => api.history(Number(minutes), signal),
    HISTORY_MS,
  );
  return (
    <section aria-label="History" class="stack">
      <div class="row spread">
        <h2>History</h2>
        <Segments
          label="Range"
          options={MINUTES}
          current={minutes}
          href={(value) => query.href({ minutes: value === "60" ? null : value })}
        />
      </div>
      <Loaded resource={history} what="the history">
        {({ points }) => (
          <div class="columns">
            <Chart
              title="Messages per second"
              points={points}
              format={rate}
              series={[
                { name: "Written", tone: "calm", dash: [6, 4], value: point("insertedPerSecond") },
                { name: "Processed", tone: "accent", value: point("processedPerSecond") },
                { name: "Failed", tone: "bad", dash: [2, 3], value: point("failedPerSecond") },
              ]}
            />
            <Chart
              title="Commit to acknowledgement"
              points={points}
              format={duration}
              series={[
                { name: "p50", tone: "good", value: point("p50Ms") },
                { name: "p95", tone: "accent", dash: [6, 4], value: point("p95Ms") },
                { name: "p99", tone: "warn", dash: [2, 3], value: point("p99Ms") },
              ]}
            />
            <Chart
              title="Pending messages"
              points={points}
              format={compact}
              series={[{ name: "Pending", tone: "accent", value: point("pending") }]}
            />
            <Chart
              title="Age of the oldest pending message"
              points={points}
              format={duration}
              series={[
                {
                  name: "Oldest",
                  tone: "warn",
                  value: (p) =>
                    p.oldestPendingAgeSeconds === null ? null : p.oldestPendingAgeSeconds * 1000,
                },
              ]}
            />
          </div>
        )}
      </Loaded>
    </section>
  );
}
