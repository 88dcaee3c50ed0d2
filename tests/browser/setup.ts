// Starts the system once and fills it, so that every page has something to show.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { invoiceOf, operate, placeOrders, writeBehind, writeTooLarge } from "./outbox";
import { OUTPUT, startSystem } from "./system";

export default async function setup(): Promise<() => Promise<void>> {
  const { addresses, stop } = await startSystem();
  try {
    const orders = await placeOrders(addresses, 40);
    const last = orders.at(-1);
    if (last) await invoiceOf(addresses, last.id);
    const dead = await Promise.all([writeTooLarge(addresses), writeTooLarge(addresses), writeTooLarge(addresses)]);
    if (dead[0]) writeBehind(addresses, dead[0].orderId);
    // For the audit.
    await operate(addresses, "shards/63/pause");
    await operate(addresses, "shards/63/resume");
    writeFileSync(join(OUTPUT, "addresses.json"), JSON.stringify(addresses), { mode: 0o600 });
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
