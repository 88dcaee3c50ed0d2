// What the tests write, and wait for.
import { randomUUID } from "node:crypto";
import { type Addresses, sql, until } from "./system";

export interface Order {
  id: string;
}

export async function placeOrder(at: Addresses, quantity = 1): Promise<Order> {
  const answer = await fetch(`${at.orders}/v1/orders`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ productId: "espresso", quantity, price: "12.50", currency: "EUR", customerId: "c-1" }),
  });
  if (!answer.ok) throw new Error(`order-service answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Order;
}

// What an operator does by the API, apart from the page: "shards/7/pause".
export async function operate(at: Addresses, what: string): Promise<void> {
  const answer = await fetch(`${at.relay}/api/v1/${what}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${at.operatorToken}`, "Content-Type": "application/json" },
    body: "{}",
  });
  if (!answer.ok) throw new Error(`${what}: the relay answered ${answer.status}: ${await answer.text()}`);
}

export async function placeOrders(at: Addresses, count: number): Promise<Order[]> {
  const orders: Order[] = [];
  for (let made = 0; made < count; made += 1) orders.push(await placeOrder(at, 1 + (made % 4)));
  return orders;
}

export async function invoicesOf(at: Addresses, orderId: string): Promise<unknown[]> {
  const answer = await fetch(`${at.invoices}/v1/invoices?orderId=${orderId}`);
  if (!answer.ok) throw new Error(`invoice-service answered ${answer.status}`);
  return ((await answer.json()) as { invoices: unknown[] }).invoices;
}

export const invoiceOf = (at: Addresses, orderId: string): Promise<unknown> =>
  until(`there is an invoice for the order ${orderId}`, 30, async () => (await invoicesOf(at, orderId))[0]);

// The number of the message that an order made.
export function seqOf(at: Addresses, orderId: string): string {
  return sql(at.database, `select seq from outbox where aggregateid = '${orderId}' order by seq limit 1`);
}

export const statusOf = (at: Addresses, seq: string): string =>
  sql(at.database, `select status from outbox_message where seq = ${seq}`);

export const untilStatus = (at: Addresses, seq: string, status: string): Promise<unknown> =>
  until(`message ${seq} is ${status}`, 30, async () => statusOf(at, seq) === status);

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

// An order's event as order-service writes it, with a note that makes it too large for the producer.
export async function writeTooLarge(at: Addresses, key: string = randomUUID()): Promise<{ seq: string; orderId: string }> {
  const model = sql(at.database, "select payload from outbox where type = 'OrderCreated' order by seq limit 1");
  if (!model) throw new Error("place an order first: its event is the model");
  const event = JSON.parse(model) as Record<string, unknown>;
  const body = { ...event, ...("id" in event ? { id: key } : {}), ...("orderId" in event ? { orderId: key } : {}) };
  const payload = JSON.stringify({ ...body, note: "much too long ".repeat(400) });
  const seq = sql(
    at.database,
    `insert into outbox (id, aggregatetype, aggregateid, type, payload) values
       (gen_random_uuid(), 'order', ${quoted(key)}, 'OrderCreated', ${quoted(payload)}) returning seq`,
  );
  await untilStatus(at, seq, "dead");
  return { seq, orderId: key };
}

// What waits behind it: a message of the same key.
export function writeBehind(at: Addresses, key: string): string {
  return sql(
    at.database,
    `insert into outbox (id, aggregatetype, aggregateid, type, payload) values
       (gen_random_uuid(), 'order', ${quoted(key)}, 'OrderNoted', '{"orderId": ${quoted(key).replaceAll("'", '"')}}')
     returning seq`,
  );
}

// Text that would run if it were taken for markup, wherever a message can carry it.
export function writeHostile(at: Addresses): string {
  const hostile = `<img src=x onerror="window.hacked=1">`;
  return sql(
    at.database,
    `insert into outbox (id, aggregatetype, aggregateid, type, payload, headers) values
       (gen_random_uuid(), 'customer', ${quoted(`${hostile}/%2F?#`)}, ${quoted(hostile)},
        ${quoted(JSON.stringify({ [hostile]: hostile }))}, ${quoted(JSON.stringify({ h: hostile }))}) returning seq`,
  );
}
