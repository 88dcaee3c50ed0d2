import { useEffect, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import {
  type Page as ApiPage,
  api,
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterGroups,
} from "../api";
import { Ago, Badge, KeyLink, MessageLink, Time } from "../components/bits";
import { DiscardAction, EditAction, RetryAction } from "../components/dead_letter_actions";
import { type Filter, FilterForm } from "../components/fields";
import { errorColumn, typeColumn } from "../components/message_table";
import { Operations, onOperationEnd } from "../components/operations";
import { Card, Page } from "../components/page";
import { Empty, Loaded } from "../components/states";
import { type Column, DataTable, Pager } from "../components/table";
import { count, plural, sinceTime } from "../lib/format";
import { type Query, useQuery } from "../lib/location";
import { type Resource, useResource } from "../lib/resource";

const REFRESH_MS = 5000;
const FILTERS: Filter[] = [
  { name: "error", label: "Error" },
  { name: "type", label: "Message type" },
  { name: "aggregateType", label: "Aggregate type" },
  { name: "aggregateId", label: "Aggregate id (key)" },
  {
    name: "since",
    label: "Died since",
    hint: "15m, 2h, 3d or a time",
    list: ["15m", "1h", "6h", "1d", "7d"],
  },
];
const NAMES = ["error", "type", "aggregateType", "aggregateId", "since"] as const;

function filterOf(query: Query): DeadLetterFilter {
  const filter: DeadLetterFilter = {};
  for (const name of NAMES) {
    const value = query.get(name);
    if (value) filter[name] = name === "since" ? (sinceTime(value, Date.now()) ?? value) : value;
  }
  return filter;
}

export function DeadLettersPage() {
  const query = useQuery();
  const values = query.values(NAMES);
  const cursor = query.get("cursor");
  const groups = useResource(
    "dead letter groups",
    (signal) => api.deadLetterGroups(signal),
    REFRESH_MS,
  );
  const letters = useResource(
    `dead letters ${JSON.stringify(values)}`,
    (signal) => api.deadLetters({ ...filterOf(query), cursor }, signal),
    REFRESH_MS,
    cursor,
  );
  const reload = () => {
    groups.reload();
    letters.reload();
  };
  // Reload only asks again.
  useEffect(() => onOperationEnd(reload), []);
  return (
    <Page
      title="Dead letters"
      lead="Messages that were given up, by their error. What waits behind them follows when they are retried or discarded."
    >
      <Operations />
      <Groups groups={groups} reload={reload} />
      <FilterForm label="Filter the dead letters" filters={FILTERS} />
      <Loaded
        resource={letters}
        what="dead letters"
        told={(data) => plural(data.items.length, "dead letter")}
      >
        {(page) => (
          <Letters
            key={JSON.stringify(values)}
            page={page}
            reload={reload}
            total={groups.data?.total ?? null}
          />
        )}
      </Loaded>
    </Page>
  );
}

function Groups({ groups, reload }: { groups: Resource<DeadLetterGroups>; reload: () => void }) {
  const query = useQuery();
  return (
    <Card title="By error">
      <Loaded resource={groups} what="the errors">
        {(data) =>
          data.groups.length === 0 ? (
            <Empty title="There are no dead letters">
              Whatever was written is delivered, or still on its way.
            </Empty>
          ) : (
            <DataTable
              caption={`${plural(data.total, "dead letter")} with ${plural(data.groups.length, "error")}${
                data.complete ? "" : "; there are more"
              }`}
              sortName="sort-groups"
              rows={data.groups}
              rowKey={(group) => group.error}
              columns={[
                {
                  name: "error",
                  header: "Error",
                  class: "wrap",
                  sort: (group) => group.error,
                  cell: (group) => (
                    <Link
                      href={query.href({ error: group.filter, cursor: null })}
                      title={group.sample}
                    >
                      {group.error || "(none given)"}
                    </Link>
                  ),
                },
                {
                  name: "count",
                  header: "Count",
                  end: true,
                  sort: (g) => g.count,
                  cell: (g) => count(g.count),
                },
                {
                  name: "first",
                  header: "First",
                  sort: (g) => g.firstAt,
                  cell: (g) => <Ago at={g.firstAt} />,
                },
                {
                  name: "last",
                  header: "Last",
                  sort: (g) => g.lastAt,
                  cell: (g) => <Ago at={g.lastAt} />,
                },
                {
                  name: "act",
                  header: "All with this error",
                  // An empty filter would be all dead letters, whatever their error.
                  cell: (group) =>
                    group.filter && <GroupActions filter={group.filter} reload={reload} />,
                },
              ]}
            />
          )
        }
      </Loaded>
    </Card>
  );
}

function GroupActions({ filter, reload }: { filter: string; reload: () => void }) {
  const selection = { filter: { error: filter } };
  const what = `all whose error contains “${filter}”`;
  return (
    <span class="row">
      <RetryAction selection={selection} what={what} done={reload} compact />
      <DiscardAction selection={selection} what={what} done={reload} compact />
    </span>
  );
}

// What is chosen: some rows, or all that match, on this page and the others.
type Chosen = { all: boolean; seqs: ReadonlySet<string> };

function Letters({
  page,
  reload,
  total,
}: {
  page: ApiPage<DeadLetter>;
  reload: () => void;
  total: number | null;
}) {
  const query = useQuery();
  const [chosen, setChosen] = useState<Chosen>({ all: false, seqs: new Set() });
  const filter = filterOf(query);
  const filtered = Object.keys(filter).length > 0;
  if (page.items.length === 0) {
    return filtered ? (
      <Empty title="No dead letter matches">
        <Link href="/dead-letters">Show all of them</Link>
      </Empty>
    ) : null;
  }
  const here = page.items.map((letter) => letter.seq).filter((seq) => chosen.seqs.has(seq));
  const wholePage = here.length === page.items.length;
  const toggle = (seq: string) => {
    const seqs = new Set(here);
    if (!seqs.delete(seq)) seqs.add(seq);
    setChosen({ all: false, seqs });
  };
  const togglePage = () =>
    setChosen({
      all: false,
      seqs: new Set(wholePage ? [] : page.items.map((letter) => letter.seq)),
    });
  const done = () => {
    setChosen({ all: false, seqs: new Set() });
    reload();
  };
  const selection = chosen.all ? { filter } : { names: here };
  const allWords = filtered
    ? "all that match"
    : `all ${total === null ? "" : count(total)} dead letters`;
  const what = chosen.all ? allWords : plural(here.length, "selected dead letter");
  const none = !chosen.all && here.length === 0;
  return (
    <section class="stack" aria-label="Dead letters">
      <div class="row spread">
        <div class="row">
          <button
            class="button"
            type="button"
            onClick={togglePage}
            aria-pressed={wholePage && !chosen.all}
          >
            Select the page
          </button>
          <button
            class="button"
            type="button"
            aria-pressed={chosen.all}
            onClick={() => setChosen({ all: !chosen.all, seqs: new Set() })}
          >
            Select {allWords}
          </button>
          <span class="muted small" role="status">
            {none ? "Nothing is selected" : `Selected: ${what}`}
          </span>
        </div>
        <div class="row">
          <RetryAction selection={selection} what={what} done={done} disabled={none} />
          <DiscardAction selection={selection} what={what} done={done} disabled={none} />
        </div>
      </div>
      <DataTable
        caption="Dead letters"
        rows={page.items}
        rowKey={(letter) => letter.seq}
        columns={columns(chosen, toggle, done)}
      />
      <Pager shown={plural(page.items.length, "dead letter")} nextCursor={page.nextCursor} />
    </section>
  );
}

function columns(
  chosen: Chosen,
  toggle: (seq: string) => void,
  done: () => void,
): Column<DeadLetter>[] {
  return [
    {
      name: "select",
      header: "Select",
      cell: (letter) => (
        <label class="check">
          <input
            type="checkbox"
            checked={chosen.all || chosen.seqs.has(letter.seq)}
            onChange={() => toggle(letter.seq)}
          />
          <span class="hidden-visually">Select message {letter.seq}</span>
        </label>
      ),
    },
    { name: "seq", header: "Number", cell: (letter) => <MessageLink seq={letter.seq} /> },
    { name: "key", header: "Key", class: "key", cell: (letter) => <KeyLink message={letter} /> },
    typeColumn as Column<DeadLetter>,
    { name: "failed", header: "Died", cell: (letter) => <Time at={letter.failedAt} /> },
    { name: "attempts", header: "Attempts", end: true, cell: (letter) => letter.attempts },
    {
      name: "behind",
      header: "Waits behind it",
      cell: (letter) =>
        letter.holdsKey ? (
          <Badge status="held" text={plural(letter.heldBehind, "message")} />
        ) : (
          "nothing"
        ),
    },
    errorColumn as Column<DeadLetter>,
    {
      name: "act",
      header: "Act",
      cell: (letter) => <EditAction seq={letter.seq} done={done} />,
    },
  ];
}
