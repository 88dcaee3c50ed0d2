// Every filter, sort, page and range is in the address. What is typed there is read here, raw: the
// router's own readers decode a second time, so that a '%' in a key would be another key.
import { useLocation, useSearch } from "wouter-preact";

export type Changes = Record<string, string | number | null | undefined>;

// changed("?a=1", {b: 2, a: null}) is "b=2". Names keep their order; empty values go.
export function changed(search: string, changes: Changes): string {
  const parameters = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") parameters.delete(name);
    else parameters.set(name, String(value));
  }
  return parameters.toString();
}

// segments("/aggregates/order/a%2Fb") is ["aggregates", "order", "a/b"]. What does not decode stays.
export function segments(path: string): string[] {
  return path
    .split("/")
    .filter((segment) => segment !== "")
    .map((segment) => {
      try {
        return decodeURIComponent(segment);
      } catch {
        return segment;
      }
    });
}

export const pathOf = (...parts: string[]): string => `/${parts.map(encodeURIComponent).join("/")}`;
export const messagePath = (name: string): string => pathOf("messages", name);
export const tracePath = (name: string): string => pathOf("trace", name);
export const aggregatePath = (type: string, id: string): string => pathOf("aggregates", type, id);

// Of the messages with a key, whatever their aggregate's type.
export const keyPath = (aggregateId: string): string =>
  `/messages?${new URLSearchParams({ aggregateId })}`;

export interface Query {
  get(name: string): string;
  // The address with these changes; a new filter begins at the first page.
  href(changes: Changes): string;
  set(changes: Changes, how?: { replace?: boolean }): void;
  values(names: readonly string[]): Record<string, string>;
}

export function useQuery(): Query {
  useSearch(); // to be drawn again when it changes
  const [, navigate] = useLocation();
  const parameters = new URLSearchParams(window.location.search);
  const href = (changes: Changes) => {
    const search = changed(window.location.search, changes);
    return search ? `${window.location.pathname}?${search}` : window.location.pathname;
  };
  return {
    get: (name) => parameters.get(name) ?? "",
    href,
    set: (changes, how = {}) => navigate(href(changes), { replace: how.replace ?? false }),
    values: (names) => Object.fromEntries(names.map((name) => [name, parameters.get(name) ?? ""])),
  };
}

export function usePathSegments(): string[] {
  useLocation();
  return segments(window.location.pathname);
}

// Where to go after signing in: a path of this page, never another place.
export function ownPath(next: string | null): string {
  return next?.startsWith("/") && !/^\/[/\\]/.test(next) ? next : "/";
}
