// Every page, light and dark, narrow and wide: it shows what it should, and axe finds nothing.
import { OUTPUT } from "./system";
import { seqOf } from "./outbox";
import { expect, expectAccessible, expectNoSidewaysScroll, settled, signIn, test } from "./fixtures";
import { sql } from "./system";

const SIZES = [
  { name: "320", viewport: { width: 320, height: 720 } },
  { name: "1440", viewport: { width: 1440, height: 900 } },
];

// By its name: the address, and a text that tells that the page is there.
function pages(database: string): Record<string, [path: string, shows: RegExp]> {
  const order = sql(database, "select aggregateid from outbox where type = 'OrderCreated' order by seq limit 1");
  const dead = sql(database, "select seq from outbox_message where status = 'dead' order by seq limit 1");
  const deadKey = sql(database, `select aggregateid from outbox where seq = ${dead}`);
  const seq = seqOf({ database } as never, order);
  return {
    overview: ["/", /The way of the messages/],
    messages: ["/messages", /OrderCreated/],
    "messages-none": ["/messages?aggregateId=nobody", /No message matches/],
    message: [`/messages/${seq}`, /What became of it/],
    "message-dead": [`/messages/${dead}?view=raw`, /Failed attempts/],
    "message-missing": ["/messages/9223372036854775807", /no message|no such message|Not Found/i],
    trace: [`/trace/${seq}`, /stages are known/],
    "dead-letters": ["/dead-letters", /By error/],
    topics: ["/topics", /order-events/],
    aggregates: ["/aggregates", /One aggregate/],
    aggregate: [`/aggregates/order/${order}`, /Nothing blocks it/],
    "aggregate-blocked": [`/aggregates/order/${deadKey}`, /Blocked by message/],
    shards: ["/shards", /Who has which/],
    config: ["/config", /sink\.brokers/],
    audit: ["/audit", /Audit/],
    "sign-in": ["/sign-in", /Token/],
    nowhere: ["/sign-in/nowhere", /Not Found|no/i],
  };
}

for (const scheme of ["light", "dark"] as const) {
  for (const size of SIZES) {
    test.describe(`${scheme}, ${size.name} px`, () => {
      test.use({ colorScheme: scheme, viewport: size.viewport });

      test("every page shows what it is for, and has no violation", async ({ page, at }) => {
        test.setTimeout(180_000);
        let rules = 0;
        let looked = 0;
        for (const [name, [path, shows]] of Object.entries(pages(at.database))) {
          if (name === "nowhere") continue;
          await test.step(name, async () => {
            await page.goto(at.relay + path);
            await settled(page);
            await expect(page.locator("main")).toContainText(shows);
            await page.screenshot({ path: `${OUTPUT}/${name}-${size.name}-${scheme}.png`, fullPage: true });
            rules += await expectAccessible(page);
            if (size.name === "320") await expectNoSidewaysScroll(page);
            looked += 1;
          });
        }
        console.log(`${looked} pages, ${rules} rules passed, 0 violations`);
      });

      test("the dialogs have no violation", async ({ page, at }) => {
        await signIn(page, at, at.operatorToken);
        const dialogs: [path: string, button: RegExp][] = [
          ["/", /^Pause all/],
          ["/", /^Help/],
          ["/dead-letters", /^Discard all whose/],
          ["/shards", /^Release shard 0/],
        ];
        for (const [path, button] of dialogs) {
          await page.goto(at.relay + path);
          await settled(page);
          await page.getByRole("button", { name: button }).first().click();
          await expect(page.getByRole("dialog")).toBeVisible();
          await expect(page.locator(".loading")).toHaveCount(0);
          await expectAccessible(page);
          await page.keyboard.press("Escape");
          await expect(page.getByRole("dialog")).toHaveCount(0);
        }
      });
    });
  }
}
