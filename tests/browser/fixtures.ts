// A page of the dashboard, signed in or not, that fails its test on any error in the browser.
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";
import { type Addresses, addresses } from "./system";

export { expect };
export type { Page };

interface Fixtures {
  at: Addresses;
  operator: Page; // signed in as an operator
  calm: void; // nothing was logged as an error, and no policy was violated
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: the form that Playwright asks for
  at: async ({}, use) => use(addresses()),
  calm: [
    async ({ page }, use) => {
      const wrong: string[] = [];
      page.on("pageerror", (error) => wrong.push(String(error)));
      page.on("console", (message) => {
        // A refused request is what some tests are about; the page shows it.
        if (message.type() === "error" && !/Failed to load resource/.test(message.text())) {
          wrong.push(message.text());
        }
      });
      await use();
      expect(wrong, "errors in the browser").toEqual([]);
    },
    { auto: true },
  ],
  operator: async ({ page, at }, use) => {
    await signIn(page, at, at.operatorToken);
    await use(page);
  },
});

export async function signIn(page: Page, at: Addresses, token: string): Promise<void> {
  await page.goto(`${at.relay}/sign-in#token=${token}`);
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
  expect(page.url(), "the token left the address").not.toContain("token");
}

// Until nothing is being loaded, and the numbers are there.
export async function settled(page: Page): Promise<void> {
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.locator(".loading")).toHaveCount(0);
  await expect(page.locator(".live.good, .live.accent").first()).toBeVisible();
}

// axe leaves its experimental rules out unless they are named, also those of WCAG.
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "experimental"];

// Every WCAG A and AA rule that axe has, on the whole page, without exclusions.
export async function expectAccessible(page: Page): Promise<number> {
  const { violations, passes } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  const told = violations.map(
    (violation) =>
      `${violation.id}: ${violation.help}\n${violation.nodes.map((node) => `    ${node.target.join(" ")}\n      ${node.failureSummary}`).join("\n")}`,
  );
  expect(told, `violations at ${page.url()}`).toEqual([]);
  expect(passes.length, "rules that were checked").toBeGreaterThan(10);
  return passes.length;
}

// WCAG 1.4.10: the page does not scroll in two directions.
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const { page: wide, window: seen } = await page.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }));
  expect(wide, `the page's width at ${page.url()}`).toBeLessThanOrEqual(seen);
}
