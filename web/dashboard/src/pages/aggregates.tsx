import { Link, useLocation } from "wouter-preact";
import { api } from "../api";
import { FilterForm } from "../components/fields";
import { Page } from "../components/page";
import { Empty, Loaded } from "../components/states";
import { DataTable, Pager } from "../components/table";
import { plural } from "../lib/format";
import { aggregatePath, keyPath, useQuery } from "../lib/location";
import { useResource } from "../lib/resource";

export function AggregatesPage() {
  const query = useQuery();
  const values = query.values(["prefix", "cursor"]);
  const page = useResource(
    `aggregates ${values["prefix"]}`,
    (signal) => api.aggregates(values, signal),
    0,
    values["cursor"],
  );
  return (
    <Page
      title="Aggregates"
      lead="Keys with messages in the outbox. Messages of one key stay in their order."
    >
      <FilterForm
        label="Filter the keys"
        filters={[{ name: "prefix", label: "Key begins with" }]}
      />
      <Open />
      <Loaded resource={page} what="keys" told={(data) => plural(data.items.length, "key")}>
        {({ items, nextCursor }) =>
          items.length === 0 && !nextCursor ? (
            <Empty title="No key">
              {values["prefix"] ? "None begins like this." : "The outbox is empty."}
            </Empty>
          ) : (
            <>
              <DataTable
                caption="Keys"
                rows={items}
                rowKey={(item) => item.aggregateId}
                columns={[
                  {
                    name: "key",
                    header: "Key",
                    class: "mono wrap",
                    cell: ({ aggregateId }) => (
                      <Link href={keyPath(aggregateId)}>{aggregateId}</Link>
                    ),
                  },
                ]}
              />
              <Pager shown={plural(items.length, "key")} nextCursor={nextCursor} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

// One key by its type and id: what blocks it.
function Open() {
  const [, navigate] = useLocation();
  const open = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const type = String(data.get("type") ?? "").trim();
    const id = String(data.get("id") ?? "").trim();
    if (type && id) navigate(aggregatePath(type, id));
  };
  return (
    <form class="card" aria-label="Open one aggregate" onSubmit={open}>
      <h2>One aggregate: its messages in order, and what blocks it</h2>
      <div class="filters">
        <div class="field">
          <label for="aggregate-type">Aggregate type</label>
          <input id="aggregate-type" name="type" required autocomplete="off" placeholder="order" />
        </div>
        <div class="field">
          <label for="aggregate-id">Aggregate id</label>
          <input id="aggregate-id" name="id" required autocomplete="off" />
        </div>
        <button class="button" type="submit">
          Open
        </button>
      </div>
    </form>
  );
}
