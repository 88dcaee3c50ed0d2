// A table that is a list of cards where the page is narrow. Sorting is in the address.
import type { ComponentChildren } from "preact";
import { Link } from "wouter-preact";
import { useQuery } from "../lib/location";
import { type SortValue, sortRows } from "../lib/sort";

export interface Column<T> {
  name: string;
  header: string;
  cell: (row: T) => ComponentChildren;
  sort?: (row: T) => SortValue; // sorts on the page; only where all rows are there
  end?: boolean;
  class?: string;
}

export function DataTable<T>({
  caption,
  columns,
  rows,
  rowKey,
  rowClass,
  sortName = "sort",
}: {
  caption: ComponentChildren;
  columns: Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  rowClass?: (row: T) => string;
  sortName?: string;
}) {
  const query = useQuery();
  const wanted = query.get(sortName);
  const down = wanted.startsWith("-");
  const by = columns.find((column) => column.sort && column.name === wanted.replace(/^-/, ""));
  const shown = by?.sort ? sortRows(rows, by.sort, down) : rows;
  const header = (column: Column<T>) => {
    if (!column.sort) return column.header;
    const sorted = column === by;
    const next = sorted && !down ? `-${column.name}` : column.name;
    return (
      <Link href={query.href({ [sortName]: next })} replace>
        {column.header}
        <span aria-hidden="true">{sorted ? (down ? "▾" : "▴") : "↕"}</span>
      </Link>
    );
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys
    <div class="table-region" role="region" aria-label={`${textOf(caption)}: table`} tabIndex={0}>
      <table class="data cards" role="table">
        <caption>{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th
                key={column.name}
                role="columnheader"
                scope="col"
                class={column.end ? "end" : ""}
                aria-sort={column === by ? (down ? "descending" : "ascending") : undefined}
              >
                {header(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {shown.map((row) => (
            <tr key={rowKey(row)} role="row" class={rowClass?.(row) ?? ""}>
              {columns.map((column) => (
                <td
                  key={column.name}
                  role="cell"
                  data-label={column.header}
                  class={`${column.end ? "end" : ""} ${column.class ?? ""}`}
                >
                  {wrapped(column.cell(row))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

// One element per cell, for the cards' two columns.
function wrapped(content: ComponentChildren) {
  return <div>{content}</div>;
}

function textOf(caption: ComponentChildren): string {
  return typeof caption === "string" ? caption : "Rows";
}

export function Pager({
  shown,
  nextCursor,
  note,
}: {
  shown: string;
  nextCursor: string | null;
  note?: ComponentChildren;
}) {
  const query = useQuery();
  const later = query.get("cursor") !== "";
  return (
    <nav class="pager" aria-label="Pages">
      <span class="muted small">
        {shown}
        {note && <> {note}</>}
      </span>
      <span class="row">
        {later && (
          <Link class="button" href={query.href({ cursor: null })}>
            First page
          </Link>
        )}
        {later && (
          <button class="button" type="button" onClick={() => history.back()}>
            Back
          </button>
        )}
        {nextCursor && (
          <Link class="button" href={query.href({ cursor: nextCursor })}>
            Next page
          </Link>
        )}
      </span>
    </nav>
  );
}
