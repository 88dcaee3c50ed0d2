import { useRef } from "preact/hooks";
import { Link } from "wouter-preact";
import { api, type MessagePage } from "../api";
import { type Filter, FilterForm } from "../components/fields";
import {
  attemptsColumn,
  createdColumn,
  errorColumn,
  keyColumn,
  placeColumn,
  seqColumn,
  sizeColumn,
  statusColumn,
  typeColumn,
} from "../components/message_table";
import { Operations } from "../components/operations";
import { Page } from "../components/page";
import { ReplayAction } from "../components/replay";
import { Empty, Loaded } from "../components/states";
import { DataTable, Pager } from "../components/table";
import { plural, sinceTime } from "../lib/format";
import { overview } from "../lib/live";
import { type Query, useQuery } from "../lib/location";
import { useResource } from "../lib/resource";

const TAIL_MS = 1500;
const STATUSES = [
  "pending",
  "delayed",
  "retrying",
  "held",
  "processed",
  "dead",
  "discarded",
] as const;

function filters(): Filter[] {
  return [
    {
      name: "status",
      label: "Status",
      options: [["", "Any"], ...STATUSES.map((status) => [status, status] as const)],
    },
    {
      name: "topic",
      label: "Topic",
      list: overview.value?.topics.map((topic) => topic.topic) ?? [],
    },
    { name: "aggregateType", label: "Aggregate type" },
    { name: "aggregateId", label: "Aggregate id (key)" },
    { name: "type", label: "Message type" },
    {
      name: "since",
      label: "Since",
      hint: "15m, 2h, 3d or a time",
      list: ["5m", "15m", "1h", "6h", "1d", "7d"],
    },
  ];
}

const MORE: Filter[] = [
  { name: "until", label: "Until", hint: "15m, 2h, 3d or a time" },
  { name: "error", label: "Error contains" },
  { name: "path", label: "Payload path", hint: "$.customer.name" },
  { name: "value", label: "is the value" },
  {
    name: "order",
    label: "Order",
    options: [
      ["", "newest first"],
      ["asc", "oldest first"],
    ],
  },
  {
    name: "limit",
    label: "Rows on a page",
    options: [
      ["", "50"],
      ["20", "20"],
      ["100", "100"],
      ["200", "200"],
    ],
  },
];

const ASKED = [
  "status",
  "topic",
  "aggregateType",
  "aggregateId",
  "type",
  "since",
  "until",
  "error",
  "path",
  "value",
  "order",
  "limit",
] as const;

// "15m" is a time only when it is asked, so that a live tail moves on with the clock.
function asked(query: Query): Record<string, string> {
  const values = query.values([...ASKED, "cursor"]);
  for (const name of ["since", "until"]) {
    const text = values[name];
    if (text) values[name] = sinceTime(text, Date.now()) ?? text;
  }
  return values;
}

export function MessagesPage() {
  const query = useQuery();
  const tail = query.get("tail") === "1" && !query.get("cursor") && query.get("order") !== "asc";
  const key = JSON.stringify(query.values(ASKED));
  const page = useResource(
    `messages ${key}`,
    (signal) => api.messages(asked(query), signal),
    tail ? TAIL_MS : 0,
    query.get("cursor"),
  );
  const used = ASKED.some((name) => !["order", "limit"].includes(name) && query.get(name));
  return (
    <Page
      title="Messages"
      lead="Every message that the outbox keeps, and what became of it."
      actions={<ReplayAction />}
    >
      <FilterForm
        label="Filter the messages"
        filters={filters()}
        more={MORE}
        moreLabel="More filters: error, payload, until, order"
      >
        <Link
          class="button"
          href={query.href(tail ? { tail: null } : { tail: "1", cursor: null, order: null })}
          aria-current={tail ? "true" : undefined}
        >
          {tail ? "Stop the live tail" : "Live tail"}
        </Link>
        <button class="button" type="button" onClick={page.reload}>
          Refresh
        </button>
      </FilterForm>
      <Operations onlyRunning />
      <Loaded resource={page} what="messages" told={(data) => plural(data.items.length, "message")}>
        {(data) => <Results page={data} query={key} tail={tail} filtered={used} />}
      </Loaded>
    </Page>
  );
}

function Results({
  page,
  query,
  tail,
  filtered,
}: {
  page: MessagePage;
  query: string;
  tail: boolean;
  filtered: boolean;
}) {
  const fresh = useFresh(
    page.items.map((message) => message.seq),
    tail,
    query,
  );
  return (
    <>
      {page.items.length === 0 ? (
        <Empty title={page.complete ? "No message matches" : "Nothing here yet"}>
          {page.complete &&
            (filtered ? (
              "Leave a filter out, or look further back."
            ) : (
              <>
                The outbox is empty. A message is written by <code>Outbox::enqueue</code>, or by an
                INSERT from any language.
              </>
            ))}
        </Empty>
      ) : (
        <DataTable
          caption={tail ? "Messages, live: the newest come by themselves" : "Messages"}
          rows={page.items}
          rowKey={(message) => message.seq}
          rowClass={(message) => (fresh.has(message.seq) ? "fresh" : "")}
          columns={[
            seqColumn,
            statusColumn,
            keyColumn,
            typeColumn,
            createdColumn,
            placeColumn,
            sizeColumn,
            attemptsColumn,
            errorColumn,
          ]}
        />
      )}
      {!page.complete && (
        <p class="notice accent">
          <span>
            This filter has no index, so each page looks at a bounded number of messages: searched
            down to number <code>{page.searchedTo ?? "–"}</code>. The next page goes on from there.
          </span>
        </p>
      )}
      <Pager shown={plural(page.items.length, "message")} nextCursor={page.nextCursor} />
    </>
  );
}

// The rows that were not there at the last look of the same question.
function useFresh(seqs: string[], on: boolean, query: string): Set<string> {
  const seen = useRef<{ query: string; seqs: Set<string>; fresh: Set<string>; key: string }>({
    query: "",
    seqs: new Set(),
    fresh: new Set(),
    key: "",
  });
  const key = seqs.join();
  const old = seen.current;
  if (old.key !== key || old.query !== query) {
    const first = old.query !== query;
    const fresh = on && !first ? seqs.filter((seq) => !old.seqs.has(seq)) : [];
    seen.current = { query, key, seqs: new Set(seqs), fresh: new Set(fresh) };
  }
  return seen.current.fresh;
}
