import { api } from "../api";
import { AuditTable } from "../components/audit_table";
import { FilterForm } from "../components/fields";
import { Page } from "../components/page";
import { Empty, Loaded } from "../components/states";
import { Pager } from "../components/table";
import { plural, sinceTime } from "../lib/format";
import { useQuery } from "../lib/location";
import { useResource } from "../lib/resource";

const NAMES = ["actor", "action", "seq", "since", "until"] as const;

export function AuditPage() {
  const query = useQuery();
  const values = query.values(NAMES);
  const cursor = query.get("cursor");
  const asked = () => ({
    ...values,
    cursor,
    since: sinceTime(values["since"] ?? "", Date.now()) ?? values["since"],
    until: sinceTime(values["until"] ?? "", Date.now()) ?? values["until"],
  });
  const page = useResource(
    `audit ${JSON.stringify(values)}`,
    (signal) => api.audit(asked(), signal),
    0,
    cursor,
  );
  return (
    <Page title="Audit" lead="What operators changed: who, when, to which message.">
      <FilterForm
        label="Filter the audit"
        filters={[
          { name: "actor", label: "Who" },
          { name: "action", label: "What" },
          { name: "seq", label: "Message number" },
          { name: "since", label: "Since", hint: "15m, 2h, 3d or a time" },
          { name: "until", label: "Until", hint: "15m, 2h, 3d or a time" },
        ]}
      />
      <Loaded
        resource={page}
        what="the audit"
        told={(data) => plural(data.items.length, "entry", "entries")}
      >
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <Empty title="Nothing was changed">
              Pauses, retries, discards, replays and moves are listed here, whether from this page
              or by outboxctl.
            </Empty>
          ) : (
            <>
              <AuditTable caption="Changes, the newest first" entries={items} subjects />
              <Pager shown={plural(items.length, "entry", "entries")} nextCursor={nextCursor} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
