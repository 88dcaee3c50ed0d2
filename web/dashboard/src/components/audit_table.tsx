import type { AuditEntry } from "../api";
import { MessageLink, Time } from "./bits";
import { type Column, DataTable } from "./table";

// What an entry says beyond its columns, short.
export function detailsText(details: unknown): string {
  if (details === null || details === undefined) return "";
  if (typeof details !== "object") return String(details);
  return Object.entries(details)
    .filter(([, value]) => value !== null && value !== "")
    .map(
      ([name, value]) =>
        `${name}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
    )
    .join("; ");
}

export function AuditTable({
  caption,
  entries,
  subjects,
}: {
  caption: string;
  entries: readonly AuditEntry[];
  subjects?: boolean;
}) {
  const columns: Column<AuditEntry>[] = [
    { name: "at", header: "When", cell: (entry) => <Time at={entry.at} /> },
    { name: "actor", header: "Who", class: "wrap", cell: (entry) => entry.actor },
    { name: "action", header: "What", class: "wrap", cell: (entry) => entry.action },
  ];
  if (subjects) {
    columns.push(
      {
        name: "seq",
        header: "Message",
        cell: (entry) => (entry.seq ? <MessageLink seq={entry.seq} /> : ""),
      },
      { name: "key", header: "Key", class: "mono wrap", cell: (entry) => entry.key ?? "" },
    );
  }
  columns.push({
    name: "details",
    header: "Details",
    class: "wrap",
    cell: (entry) => detailsText(entry.details),
  });
  return (
    <DataTable
      caption={caption}
      sortName="sort-audit"
      rows={entries}
      rowKey={(entry) => entry.id}
      columns={columns}
    />
  );
}
