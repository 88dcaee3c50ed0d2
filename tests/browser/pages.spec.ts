// Every page, light and dark, narrow and wide: it shows what it should, and axe finds nothing.
import { OUTPUT } from "./system";
import { expect, expectAccessible, expectNoSidewaysScroll, settled, signIn, test, type Page } from "./fixtures";
import { pages, visit } from "./pages";

const SIZES = [
  { name: "320", viewport: { width: 320, height: 720 } },
  { name: "1440", viewport: { width: 1440, height: 900 } },
];

// A second relay, to which a shard could be moved.
async function withAnotherRelay(page: Page): Promise<void> {
  await page.route("**/api/v1/shards", async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    json.relays.push({ name: "relay-b", joinedAt: null, shards: 0, self: false });
    await route.fulfill({ response, json });
  });
}

for (const scheme of ["light", "dark"] as const) {
  for (const size of SIZES) {
    test.describe(`${scheme}, ${size.name} px`, () => {
      test.use({ colorScheme: scheme, viewport: size.viewport });

      test("every page shows what it is for, and has no violation", async ({ page, at }) => {
        test.setTimeout(180_000);
        let rules = 0;
        let looked = 0;
        for (const [name, { path, shows, row, refused }] of Object.entries(pages(at))) {
          await test.step(name, async () => {
            await visit(page, at, path);
            const main = page.locator("main");
            await expect(main).toContainText(shows);
            if (row) await expect(main.locator("tbody tr").filter({ hasText: row }).first()).toBeVisible();
            await expect(main.getByRole("alert"), "what went wrong").toHaveCount(refused ? 1 : 0);
            await page.screenshot({ path: `${OUTPUT}/${name}-${size.name}-${scheme}.png`, fullPage: true });
            rules += await expectAccessible(page);
            if (size.name === "320") await expectNoSidewaysScroll(page);
            looked += 1;
          });
        }
        console.log(`${looked} pages, ${rules} rules passed, 0 violations`);
      });

      test("the dialogs have no violation", async ({ page, at }) => {
        test.setTimeout(180_000);
        await withAnotherRelay(page);
        const { message, "message-dead": dead } = pages(at);
        await signIn(page, at, at.operatorToken);
        const dialogs: [path: string, button: RegExp][] = [
          ["/", /^Pause all/],
          ["/", /^Help/],
          ["/dead-letters", /^Discard all whose/],
          ["/dead-letters", /^Retry all whose/],
          [dead?.path ?? "", /^Edit and retry/],
          [message?.path ?? "", /^Replay$/],
          ["/topics", /^Pause order-events/],
          ["/shards", /^Release shard 0/],
          ["/shards", /^Move shard 0/],
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

test("the theme is chosen, kept, and given back to the system", async ({ page, at }) => {
  const LIGHT = "rgb(245, 246, 248)";
  const DARK = "rgb(14, 18, 23)";
  const html = page.locator("html");
  const theme = page.getByLabel("Theme");
  await page.emulateMedia({ colorScheme: "light" });
  await visit(page, at, "/");
  await expect(html).toHaveCSS("background-color", LIGHT);
  await theme.selectOption("dark");
  await expect(html).toHaveCSS("background-color", DARK);
  await expectAccessible(page);
  await page.reload();
  await settled(page);
  await expect(theme).toHaveValue("dark");
  await expect(html).toHaveCSS("background-color", DARK);
  await theme.selectOption("system");
  await expect(html).toHaveCSS("background-color", LIGHT);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect(html).toHaveCSS("background-color", DARK);
  await theme.selectOption("light");
  await expect(html).toHaveCSS("background-color", LIGHT);
});
