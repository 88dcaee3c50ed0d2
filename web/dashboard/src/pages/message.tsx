import { useEffect } from "preact/hooks";
import { Link } from "wouter-preact";
import { ApiError, api, type Message, type Payload } from "../api";
import { AuditTable } from "../components/audit_table";
import { Badge, Copy, KeyLink, MessageLink, Segments, Time } from "../components/bits";
import { DeadLetterActions } from "../components/dead_letter_actions";
import { JsonView } from "../components/json_view";
import { onOperationEnd } from "../components/operations";
import { Card, Page } from "../components/page";
import { ReplayAction } from "../components/replay";
import { Empty, Loaded } from "../components/states";
import { DataTable } from "../components/table";
import { bytes, plural } from "../lib/format";
import { parseTree, pretty } from "../lib/json_tree";
import { keyPath, tracePath, usePathSegments, useQuery } from "../lib/location";
import { curlCommand, hexDump, kcatCommand, payloadBytes } from "../lib/payload";
import { useResource } from "../lib/resource";

const REFRESH_MS = 5000;

export function MessagePage() {
  const name = usePathSegments()[1] ?? "";
  const found = useResource(`message ${name}`, (signal) => api.message(name, signal), REFRESH_MS);
  // Once; reload is always the newest.
  useEffect(() => onOperationEnd(found.reload), [name]);
  return (
    <Page
      title={`Message ${name}`}
      heading={
        <>
          Message <span class="mono">{name}</span>
        </>
      }
      actions={
        <Link class="button" href={tracePath(name)}>
          Trace
        </Link>
      }
    >
      {found.error instanceof ApiError && found.error.status === 404 && (
        <p>
          It may be a key: <Link href={keyPath(name)}>messages with the key {name}</Link>
        </p>
      )}
      <Loaded resource={found} what="the message">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="There is no such message" />
          ) : (
            <>
              {items.length > 1 && (
                <p class="notice warn">
                  {plural(items.length, "row")} have this id: a writer used it more than once. The
                  inbox makes that harmless.
                </p>
              )}
              {items.map((message) => (
                <OneMessage key={message.seq} message={message} reload={found.reload} />
              ))}
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function OneMessage({ message, reload }: { message: Message; reload: () => void }) {
  return (
    <>
      <Waits message={message} />
      <div class="columns">
        <Facts message={message} reload={reload} />
        {message.payload ? (
          <PayloadCard payload={message.payload} />
        ) : (
          <Card title="Payload">
            <Empty title="Its row is gone">Retention removed it; what is known of it stays.</Empty>
          </Card>
        )}
      </div>
      <HeadersCard headers={message.headers ?? {}} />
      <Attempts message={message} />
      <Commands message={message} />
      {message.audit.length > 0 && (
        <Card title="What operators did">
          <AuditTable caption="What operators did to this message" entries={message.audit} />
        </Card>
      )}
    </>
  );
}

function Waits({ message }: { message: Message }) {
  const { waitsBehind } = message;
  if (!waitsBehind) return null;
  return (
    <p class="notice warn">
      <strong>It waits behind another message of its key</strong>
      <span>
        Message <MessageLink seq={waitsBehind.seq} /> is {waitsBehind.state}. To keep the key's
        order, this one is sent after that one is delivered, retried or discarded.
      </span>
    </p>
  );
}

function Facts({ message, reload }: { message: Message; reload: () => void }) {
  const { exception } = message;
  return (
    <Card
      title="What became of it"
      actions={
        <span class="row">
          <DeadLetterActions seq={message.seq} status={message.status} done={reload} />
          {message.status === "processed" && <ReplayAction id={message.id} />}
        </span>
      }
    >
      <dl class="facts">
        <dt>Status</dt>
        <dd>
          <Badge status={message.status} />
        </dd>
        <dt>Number</dt>
        <dd class="mono">{message.seq}</dd>
        <dt>Id</dt>
        <dd>
          <span class="mono">{message.id}</span> <Copy text={message.id} label="the id" />
        </dd>
        <dt>Key</dt>
        <dd>
          <KeyLink message={message} />
        </dd>
        <dt>Type</dt>
        <dd>{message.type}</dd>
        <dt>Shard</dt>
        <dd>{message.shard}</dd>
        <dt>Written</dt>
        <dd>
          <Time at={message.createdAt} ago precise />
        </dd>
        {message.transaction && (
          <>
            <dt>Transaction</dt>
            <dd class="mono">{message.transaction}</dd>
          </>
        )}
        {message.availableAt && (
          <>
            <dt>Not before</dt>
            <dd>
              <Time at={message.availableAt} ago />
            </dd>
          </>
        )}
        <dt>Delivered</dt>
        <dd>
          {message.receipts.length === 0 ? (
            <span class="muted">not yet, or no receipt is kept</span>
          ) : (
            <ul>
              {message.receipts.map((receipt) => (
                <li key={`${receipt.processedAt} ${receipt.offset}`}>
                  <Time at={receipt.processedAt} precise /> to {receipt.topic}, partition{" "}
                  {receipt.partition}, offset <span class="mono">{receipt.offset}</span>
                </li>
              ))}
            </ul>
          )}
        </dd>
        {exception && (
          <>
            <dt>Exception</dt>
            <dd>
              {exception.state}
              {exception.holdsKey && ", holds its key back"}
              {exception.replay && ", a replay"}
              {exception.edited && ", with an edited payload"}
            </dd>
            {exception.dueAt && (
              <>
                <dt>Next attempt</dt>
                <dd>
                  <Time at={exception.dueAt} ago />
                </dd>
              </>
            )}
            {exception.lastError && (
              <>
                <dt>Last error</dt>
                <dd>{exception.lastError}</dd>
              </>
            )}
          </>
        )}
      </dl>
    </Card>
  );
}

const VIEWS = [
  ["tree", "Tree"],
  ["raw", "Raw"],
  ["hex", "Hex"],
] as const;

function PayloadCard({ payload }: { payload: Payload }) {
  const query = useQuery();
  const tree = payload.encoding === "base64" ? null : parseTree(payload.content);
  const asked = query.get("view");
  const view = asked || (tree ? "tree" : payload.encoding === "base64" ? "hex" : "raw");
  return (
    <Card
      title="Payload"
      actions={
        <Segments
          label="How the payload is shown"
          options={VIEWS}
          current={view}
          href={(value) => query.href({ view: value })}
        />
      }
    >
      <p class="muted small">
        {bytes(payload.bytes)}
        {payload.truncated && "; only its beginning is shown"}
        {payload.masked && "; parts are masked for viewers"}
      </p>
      {view === "hex" ? (
        <ScrollingText label="Payload in hex">{hexDump(payloadBytes(payload))}</ScrollingText>
      ) : view === "raw" ? (
        <ScrollingText label="Payload as it is">{payload.content || "(empty)"}</ScrollingText>
      ) : tree ? (
        <JsonView node={tree} />
      ) : (
        <Empty title="This payload is not JSON">
          {payload.truncated ? "Its end is missing: look at it raw." : "Look at it raw or in hex."}
        </Empty>
      )}
      <span class="row">
        <Copy text={payload.content} label="the payload" />
        {tree && <Copy text={pretty(tree)} label="the payload" name="Copy, laid out" />}
      </span>
    </Card>
  );
}

export function ScrollingText({ label, children }: { label: string; children: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys
    <pre tabIndex={0} role="region" aria-label={label}>
      {children}
    </pre>
  );
}

function HeadersCard({ headers }: { headers: Record<string, unknown> }) {
  const rows = Object.entries(headers);
  return (
    <Card title="Headers">
      {rows.length === 0 ? (
        <p class="muted">The writer gave none.</p>
      ) : (
        <DataTable
          caption="Headers that the writer gave"
          sortName="sort-headers"
          rows={rows}
          rowKey={([name]) => name}
          columns={[
            { name: "name", header: "Name", class: "mono", cell: ([name]) => name },
            {
              name: "value",
              header: "Value",
              class: "mono wrap",
              cell: ([, value]) => (typeof value === "string" ? value : JSON.stringify(value)),
            },
          ]}
        />
      )}
    </Card>
  );
}

function Attempts({ message }: { message: Message }) {
  return (
    <Card title="Failed attempts">
      {message.failures.length === 0 ? (
        <p class="muted">None is known.</p>
      ) : (
        <DataTable
          caption={`${plural(message.failures.length, "failed attempt")}, each with its cause`}
          sortName="sort-attempts"
          rows={message.failures}
          rowKey={(failure) => `${failure.attempt} ${failure.failedAt}`}
          columns={[
            {
              name: "attempt",
              header: "Attempt",
              end: true,
              sort: (f) => f.attempt,
              cell: (f) => f.attempt,
            },
            { name: "at", header: "When", cell: (f) => <Time at={f.failedAt} precise /> },
            { name: "relay", header: "Relay", class: "wrap", cell: (f) => f.relay },
            { name: "error", header: "Cause", class: "wrap", cell: (f) => f.error },
          ]}
        />
      )}
    </Card>
  );
}

function Commands({ message }: { message: Message }) {
  const commands: [string, string][] = [
    ["kcat", kcatCommand(message)],
    ["curl", curlCommand(message, window.location.origin)],
  ];
  return (
    <Card title="The same in a shell">
      {commands.map(([name, text]) => (
        <div key={name} class="stack">
          <div class="row spread">
            <h3>{name}</h3>
            <Copy text={text} label={`as ${name}`} />
          </div>
          <ScrollingText label={`Command for ${name}`}>{text}</ScrollingText>
        </div>
      ))}
    </Card>
  );
}
