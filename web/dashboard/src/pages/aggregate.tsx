import { useEffect } from "preact/hooks";
import { type Aggregate, api } from "../api";
import { Badge, MessageLink, Time } from "../components/bits";
import { DeadLetterActions } from "../components/dead_letter_actions";
import {
  attemptsColumn,
  createdColumn,
  errorColumn,
  placeColumn,
  seqColumn,
  statusColumn,
  typeColumn,
} from "../components/message_table";
import { onOperationEnd } from "../components/operations";
import { Page } from "../components/page";
import { Empty, Loaded } from "../components/states";
import { DataTable, Pager } from "../components/table";
import { plural } from "../lib/format";
import { usePathSegments, useQuery } from "../lib/location";
import { useResource } from "../lib/resource";

const REFRESH_MS = 3000;

export function AggregatePage() {
  const [, type = "", id = ""] = usePathSegments();
  const query = useQuery();
  const cursor = query.get("cursor");
  const found = useResource(
    `aggregate ${type} ${id}`,
    (signal) => api.aggregate(type, id, { cursor }, signal),
    REFRESH_MS,
    cursor,
  );
  // Once; reload is always the newest.
  useEffect(() => onOperationEnd(found.reload), [type, id]);
  return (
    <Page
      title={`${type}/${id}`}
      heading={
        <>
          {type}/<span class="mono">{id}</span>
        </>
      }
      lead="The messages of one aggregate, in their order."
    >
      <Loaded
        resource={found}
        what="the aggregate"
        told={(data) => plural(data.items.length, "message")}
      >
        {(data) => (
          <>
            <Blocked aggregate={data} reload={found.reload} />
            {data.items.length === 0 ? (
              <Empty title="No message of this aggregate is in the outbox">
                Processed messages are kept for the time of retention only.
              </Empty>
            ) : (
              <DataTable
                caption="Messages, the oldest first"
                rows={data.items}
                rowKey={(message) => message.seq}
                columns={[
                  seqColumn,
                  statusColumn,
                  typeColumn,
                  createdColumn,
                  placeColumn,
                  attemptsColumn,
                  errorColumn,
                ]}
              />
            )}
            <Pager shown={plural(data.items.length, "message")} nextCursor={data.nextCursor} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Blocked({ aggregate, reload }: { aggregate: Aggregate; reload: () => void }) {
  const { blockedBy, heldCount } = aggregate;
  if (!blockedBy) {
    return (
      <p class="notice good">
        <strong>Nothing blocks it</strong>
        <span>Its messages are delivered as they are written.</span>
      </p>
    );
  }
  const dead = blockedBy.state === "dead";
  return (
    <div class={`notice ${dead ? "bad" : "warn"}`}>
      <div class="row">
        <Badge status={blockedBy.state} />
        <strong>
          Blocked by message <MessageLink seq={blockedBy.seq} />
        </strong>
      </div>
      <span>
        {plural(heldCount, "message")} of this key {heldCount === 1 ? "waits" : "wait"} behind it,
        after {plural(blockedBy.attempts, "attempt")}.
      </span>
      {blockedBy.lastError && <span>Last error: {blockedBy.lastError}</span>}
      {blockedBy.dueAt && !dead && (
        <span>
          Next attempt: <Time at={blockedBy.dueAt} ago />
        </span>
      )}
      <DeadLetterActions
        key={blockedBy.seq}
        seq={blockedBy.seq}
        status={blockedBy.state}
        done={reload}
      />
    </div>
  );
}
