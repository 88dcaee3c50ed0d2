// What runs on the server for an operator, and how far it is.
import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, type Operation } from "../api";
import { count, titleCase } from "../lib/format";
import { endsBetween } from "../lib/operations";
import { asError } from "../lib/resource";
import { mayChange } from "../lib/session";
import { Badge, Time } from "./bits";
import { Card } from "./page";
import { DataTable } from "./table";
import { toast } from "./toasts";

const RUNNING_MS = 700;
export const operations = signal<Operation[]>([]);
// Counts ends, for pages that show what an operation changed.
export const operationsEnded = signal(0);
let timer: ReturnType<typeof setTimeout> | undefined;

// An answer to an older question says less than what is known.
let round = 0;

export async function refreshOperations(): Promise<void> {
  clearTimeout(timer);
  round += 1;
  const mine = round;
  try {
    const { items } = await api.operations();
    if (mine !== round) return;
    const ends = endsBetween(operations.value, items);
    operations.value = items;
    for (const { text, tone } of ends) toast(text, tone);
    if (ends.length > 0) operationsEnded.value += 1;
  } catch {
    // The page's own requests tell of a server that does not answer.
  }
  if (mine === round && operations.value.some((operation) => operation.state === "running")) {
    timer = setTimeout(refreshOperations, RUNNING_MS);
  }
}

// An operation that has just been started is watched from its first moment.
export function watchOperation(operation: Operation): void {
  operations.value = [operation, ...operations.value.filter((other) => other.id !== operation.id)];
  void refreshOperations();
}

// Calls `act` when an operation has ended; returns what stops that.
export function onOperationEnd(act: () => void): () => void {
  let first = true;
  return effect(() => {
    operationsEnded.value;
    if (first) first = false;
    else act();
  });
}

async function cancel(operation: Operation): Promise<void> {
  try {
    await api.cancel(operation.id);
  } catch (error) {
    toast(asError(error).message, "bad");
  }
  await refreshOperations();
}

export function Operations({ onlyRunning }: { onlyRunning?: boolean }) {
  useEffect(() => {
    void refreshOperations();
  }, []);
  const all = operations.value;
  const running = all.filter((operation) => operation.state === "running");
  if ((onlyRunning ? running : all).length === 0) return null;
  return (
    <Card title="Operations">
      {running.map((operation) => (
        <div key={operation.id} class="stack">
          <div class="row spread">
            <span>
              <Badge status="running" text={titleCase(operation.kind)} /> {count(operation.done)} of{" "}
              {count(operation.total)}, begun by {operation.actor}
            </span>
            {mayChange.value && (
              <button class="button compact" type="button" onClick={() => cancel(operation)}>
                Cancel <span class="hidden-visually">{operation.kind}</span>
              </button>
            )}
          </div>
          <progress
            aria-label={`${titleCase(operation.kind)} ${operation.id}`}
            max={Math.max(operation.total, 1)}
            value={operation.done}
          />
        </div>
      ))}
      <details>
        <summary>Last operations</summary>
        <DataTable
          caption="The newest operations since the relay's start"
          sortName="operations"
          rows={all.slice(0, 10)}
          rowKey={(operation) => operation.id}
          columns={[
            { name: "kind", header: "What", cell: (o) => titleCase(o.kind) },
            { name: "state", header: "State", cell: (o) => <Badge status={o.state} /> },
            {
              name: "done",
              header: "Done",
              end: true,
              cell: (o) => `${count(o.done)} of ${count(o.total)}`,
            },
            { name: "actor", header: "By", cell: (o) => o.actor },
            { name: "started", header: "Started", cell: (o) => <Time at={o.startedAt} /> },
            { name: "error", header: "Error", class: "wrap", cell: (o) => o.error ?? "" },
          ]}
        />
      </details>
    </Card>
  );
}
