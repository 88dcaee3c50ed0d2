import { api, type Config, type Setting } from "../api";
import { Badge } from "../components/bits";
import { FilterForm } from "../components/fields";
import { Page } from "../components/page";
import { Empty, Loaded } from "../components/states";
import { DataTable } from "../components/table";
import { useAnnounced } from "../lib/announce";
import { plural, titleCase, UNKNOWN } from "../lib/format";
import { useQuery } from "../lib/location";
import { useResource } from "../lib/resource";

export function ConfigPage() {
  const config = useResource("config", (signal) => api.config(signal));
  return (
    <Page
      title="Config"
      lead="What this relay works by, and where each value comes from. Secrets are never shown."
    >
      <Loaded resource={config} what="the settings">
        {(data) => <Settings config={data} />}
      </Loaded>
    </Page>
  );
}

function Settings({ config }: { config: Config }) {
  const query = useQuery();
  const text = query.get("q").toLowerCase();
  const source = query.get("source");
  const shown = config.settings.filter(
    (setting) =>
      (!source || setting.source === source) &&
      (!text || `${setting.path} ${setting.help}`.toLowerCase().includes(text)),
  );
  useAnnounced(plural(shown.length, "setting"), "");
  const version = config.schemaVersion;
  const old = version === null || version < config.newestSchemaVersion;
  return (
    <>
      <p class={`notice ${old ? "warn" : "good"}`}>
        <span>
          {version === null ? (
            "The database cannot tell now which version its tables have."
          ) : old ? (
            <>
              The tables are at version {version}, this program knows version{" "}
              {config.newestSchemaVersion}: run <code>outboxctl migrate</code>.
            </>
          ) : (
            `The tables are at version ${version}, the newest that this program knows.`
          )}
        </span>
      </p>
      <FilterForm
        label="Filter the settings"
        filters={[
          { name: "q", label: "Name or help contains" },
          {
            name: "source",
            label: "Source",
            options: [
              ["", "Any"],
              ["flag", "flag"],
              ["environment", "environment"],
              ["file", "file"],
              ["default", "default"],
            ],
          },
        ]}
      />
      {shown.length === 0 ? (
        <Empty title="No setting matches" />
      ) : (
        <DataTable
          caption={`${plural(shown.length, "setting")}: a flag wins over the environment, that over the file`}
          rows={shown}
          rowKey={(setting) => setting.path}
          columns={[
            {
              name: "path",
              header: "Setting",
              class: "mono wrap",
              sort: (s) => s.path,
              cell: (s) => s.path,
            },
            { name: "value", header: "Value", class: "wrap", cell: (s) => <Value setting={s} /> },
            {
              name: "source",
              header: "Source",
              sort: (s) => s.source,
              cell: (s) =>
                s.source === "default" ? (
                  <span class="muted">Default</span>
                ) : (
                  <Badge status="pending" text={titleCase(s.source)} />
                ),
            },
            { name: "help", header: "What it does", class: "wrap", cell: (s) => s.help },
          ]}
        />
      )}
    </>
  );
}

function Value({ setting }: { setting: Setting }) {
  if (setting.secret)
    return <span class="muted">{setting.value === null ? "not set" : "set, hidden"}</span>;
  if (setting.value === null || setting.value === "") return <span class="muted">{UNKNOWN}</span>;
  return (
    <>
      <span class="mono">{setting.value}</span>
      {setting.source !== "default" &&
        setting.default !== null &&
        setting.default !== setting.value && (
          <span class="muted small"> (default: {setting.default || "empty"})</span>
        )}
    </>
  );
}
