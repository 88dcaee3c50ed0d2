// What a page shows while it waits, when there is nothing, and when something went wrong.
import type { ComponentChildren } from "preact";
import { Link } from "wouter-preact";
import { ApiError } from "../api";
import { useAnnounced } from "../lib/announce";
import type { Resource } from "../lib/resource";

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      Loading {what} …
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function signInHref(): string {
  const here = window.location.pathname + window.location.search;
  return `/sign-in?next=${encodeURIComponent(here)}`;
}

export function Problem({ error, retry }: { error: Error; retry?: () => void }) {
  const api = error instanceof ApiError ? error : null;
  return (
    <div class="notice bad" role="alert">
      <strong>{api ? api.title : "Something went wrong"}</strong>
      <span>{error.message}</span>
      {api && api.fields.length > 0 && (
        <ul>
          {api.fields.map((field) => (
            <li key={field.pointer}>
              {field.detail} <code>{field.pointer}</code>
            </li>
          ))}
        </ul>
      )}
      <span class="row">
        {api?.status === 401 && (
          <Link class="button" href={signInHref()}>
            Sign in
          </Link>
        )}
        {retry && (
          <button class="button" type="button" onClick={retry}>
            Try again
          </button>
        )}
      </span>
    </div>
  );
}

// An old answer stays on the page, below the notice that it could not be renewed.
export function Loaded<T>({
  resource,
  what,
  told,
  children,
}: {
  resource: Resource<T>;
  what: string;
  told?: (data: T) => string; // what it came to, to be heard
  children: (data: T) => ComponentChildren;
}) {
  useAnnounced(told && resource.data !== null ? told(resource.data) : null, resource.of);
  return (
    <>
      {resource.error && <Problem error={resource.error} retry={resource.reload} />}
      {resource.loading && <Loading what={what} />}
      {resource.data !== null && children(resource.data)}
    </>
  );
}
