// The pictures of README's tour, light and dark: ./dev screenshots.
import { mkdirSync } from "node:fs";
import { expect, settled, signIn, test } from "./fixtures";
import { placeOrders, seqOf } from "./outbox";
import { IMAGES, sql } from "./system";

for (const scheme of ["light", "dark"] as const) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme, viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 });

    test("the tour", async ({ page, at }) => {
      test.setTimeout(180_000);
      mkdirSync(IMAGES, { recursive: true });
      const shot = async (name: string, path: string) => {
        await page.goto(at.relay + path);
        await settled(page);
        await page.screenshot({ path: `${IMAGES}/${name}-${scheme}.png` });
      };
      await signIn(page, at, at.operatorToken);
      const orders = await placeOrders(at, 300);
      const order = orders.at(-1);
      if (!order) throw new Error("no order was placed");
      await page.goto(`${at.relay}/trace/${seqOf(at, order.id)}`);
      await expect(page.getByText("All 5 stages are known")).toBeVisible();
      const deadKey = sql(
        at.database,
        "select aggregateid from outbox_message where status = 'dead' order by seq limit 1",
      );
      await shot("overview", "/");
      await shot("messages", "/messages");
      await shot("message", `/messages/${seqOf(at, order.id)}`);
      await shot("trace", `/trace/${seqOf(at, order.id)}`);
      await shot("dead-letters", "/dead-letters");
      await shot("aggregate", `/aggregates/order/${deadKey}`);
      await shot("shards", "/shards");
    });
  });
}
