// Every page of the dashboard: its address, and what tells that it is there.
import { settled, type Page } from "./fixtures";
import { seqOf } from "./outbox";
import { type Addresses, sql } from "./system";

export interface Shown {
  path: string;
  shows: RegExp; // not there before its data is
  row?: RegExp; // of a table
  refused?: boolean; // the server has nothing there, and the page says so
}

export function pages(at: Addresses): Record<string, Shown> {
  const order = sql(at.database, "select aggregateid from outbox where type = 'OrderCreated' order by seq limit 1");
  const dead = sql(at.database, "select seq from outbox_message where status = 'dead' order by seq limit 1");
  const deadKey = sql(at.database, `select aggregateid from outbox where seq = ${dead}`);
  const seq = seqOf(at, order);
  return {
    overview: { path: "/", shows: /The way of the messages/ },
    messages: { path: "/messages", shows: /\d+ messages/, row: /OrderCreated/ },
    "messages-none": { path: "/messages?aggregateId=nobody", shows: /No message matches/ },
    message: { path: `/messages/${seq}`, shows: new RegExp(order) },
    "message-dead": { path: `/messages/${dead}?view=raw`, shows: /Edit and retry/, row: /too large/i },
    "message-missing": { path: "/messages/9223372036854775807", shows: /no message|Not Found/i, refused: true },
    trace: { path: `/trace/${seq}`, shows: /stages are known/ },
    "dead-letters": { path: "/dead-letters", shows: /\d+ dead letters? with/, row: /Edit and retry/ },
    topics: { path: "/topics", shows: /Topics that this relay/, row: /order-events.*\/s/ },
    aggregates: { path: "/aggregates", shows: /\d+ keys/, row: /[0-9a-f-]{36}/ },
    aggregate: { path: `/aggregates/order/${order}`, shows: /Nothing blocks it/, row: /OrderCreated/ },
    "aggregate-blocked": { path: `/aggregates/order/${deadKey}`, shows: /Blocked by message/, row: /Dead/ },
    shards: { path: "/shards", shows: /Who has which/, row: /Release/ },
    config: { path: "/config", shows: /\d+ settings/, row: /sink\.brokers/ },
    audit: { path: "/audit", shows: /\d+ entr/, row: /pause-shard/ },
    "sign-in": { path: "/sign-in", shows: /An operator's token allows/ },
    nowhere: { path: "/nowhere", shows: /There is nothing at this address/ },
  };
}

export async function visit(page: Page, at: Addresses, path: string): Promise<void> {
  // The server has no such page either: only a link within the pages leads there.
  await page.goto(at.relay + (path === "/nowhere" ? "/" : path));
  if (path === "/nowhere") await page.evaluate((to) => history.pushState(null, "", to), path);
  await settled(page);
}
