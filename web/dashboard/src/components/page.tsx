// The frame of a page: its title, what is to be done there, and the focus after a change of page.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useLocation } from "wouter-preact";

let pages = 0;

export function Page({
  title,
  heading,
  lead,
  actions,
  children,
}: {
  title: string;
  heading?: ComponentChildren;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  const [path] = useLocation();
  const top = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Outbox`;
  }, [title]);
  useEffect(() => {
    // Not on the first page: there the reader begins at the top.
    if (pages > 0) top.current?.focus();
    pages += 1;
  }, [path]);
  return (
    <>
      <div class="head">
        <div>
          <h1 ref={top} tabIndex={-1}>
            {heading ?? title}
          </h1>
          {lead && <div class="lead">{lead}</div>}
        </div>
        {actions && <div class="row">{actions}</div>}
      </div>
      {children}
    </>
  );
}

export function Card({
  title,
  actions,
  children,
}: {
  title: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="card" aria-label={title}>
      <div class="row spread">
        <h2>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}
