// A form of filters whose values live in the address.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Link } from "wouter-preact";
import { useQuery } from "../lib/location";

export interface Filter {
  name: string;
  label: string;
  hint?: string;
  options?: readonly (readonly [value: string, name: string])[];
  list?: readonly string[]; // suggestions
  wide?: boolean;
}

export function FilterForm({
  filters,
  label,
  more,
  moreLabel,
  children,
}: {
  filters: readonly Filter[];
  label: string;
  more?: readonly Filter[];
  moreLabel?: string;
  children?: ComponentChildren;
}) {
  const query = useQuery();
  const all = [...filters, ...(more ?? [])];
  const names = all.map((filter) => filter.name);
  const values = query.values(names);
  const used = names.some((name) => values[name]);
  const form = useRef<HTMLFormElement>(null);
  const search = window.location.search;
  // Another address, by "back" for one, shows what was asked there. The focus stays where it is.
  // The address says all.
  useEffect(() => {
    for (const name of names) {
      const field = form.current?.elements.namedItem(name);
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) {
        field.value = values[name] ?? "";
      }
    }
  }, [search]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const entries = names.map((name) => [name, String(data.get(name) ?? "").trim()]);
    query.set({ ...Object.fromEntries(entries), cursor: null });
  };
  const nothing = Object.fromEntries(names.map((name) => [name, null]));
  const field = (filter: Filter) => (
    <FilterField key={filter.name} filter={filter} value={values[filter.name] ?? ""} />
  );
  return (
    <form ref={form} class="card" role="search" aria-label={label} onSubmit={submit}>
      <div class="filters">{filters.map(field)}</div>
      {more && (
        <details open={more.some((filter) => values[filter.name])}>
          <summary>{moreLabel}</summary>
          <div class="filters">{more.map(field)}</div>
        </details>
      )}
      <div class="row">
        <button class="button primary" type="submit">
          Filter
        </button>
        {used && (
          <Link class="button" href={query.href({ ...nothing, cursor: null })}>
            Clear
          </Link>
        )}
        {children}
      </div>
    </form>
  );
}

function FilterField({ filter, value }: { filter: Filter; value: string }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{filter.label}</label>
      {filter.options ? (
        <select id={id} name={filter.name}>
          {filter.options.map(([option, name]) => (
            <option key={option} value={option} selected={option === value}>
              {name}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          name={filter.name}
          type="text"
          defaultValue={value}
          placeholder={filter.hint}
          autocomplete="off"
          spellcheck={false}
          list={filter.list ? `${id}-list` : undefined}
        />
      )}
      {filter.list && (
        <datalist id={`${id}-list`}>
          {filter.list.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </div>
  );
}
