// All of it without a mouse.
import { invoiceOf, placeOrder, seqOf } from "./outbox";
import { expect, type Page, settled, test } from "./fixtures";

const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    return element ? `${element.tagName} ${element.id} ${element.textContent?.trim().slice(0, 40)}` : "";
  });

test("the first Tab offers to skip to the content", async ({ page, at }) => {
  await page.goto(at.relay);
  await settled(page);
  await page.keyboard.press("Tab");
  expect(await focused(page)).toContain("Skip to the content");
  await page.keyboard.press("Enter");
  expect(await focused(page)).toContain("MAIN main");
});

test("'/' searches, and a number leads to its message", async ({ page, at }) => {
  const order = await placeOrder(at);
  await invoiceOf(at, order.id);
  await page.goto(at.relay);
  await settled(page);
  await page.keyboard.press("/");
  await page.keyboard.type(seqOf(at, order.id));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`${at.relay}/messages/${seqOf(at, order.id)}`);
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
});

test("g and a letter go to a page, and '?' helps, until they are switched off", async ({ page, at }) => {
  await page.goto(at.relay);
  await settled(page);
  for (const [key, path] of [
    ["m", "/messages"],
    ["d", "/dead-letters"],
    ["t", "/topics"],
    ["a", "/aggregates"],
    ["s", "/shards"],
    ["c", "/config"],
    ["u", "/audit"],
    ["o", "/"],
  ] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await expect(page).toHaveURL(at.relay + path);
    await settled(page);
  }
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Help" })).toBeVisible();
  await page.getByLabel("These keys work").press("Space");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await expect(page).toHaveURL(`${at.relay}/`);
});

test("the focus stays in a dialog, and comes back to what opened it", async ({ operator: page, at }) => {
  await page.goto(at.relay);
  await settled(page);
  const button = page.getByRole("button", { name: "Pause all" });
  await button.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  for (let press = 0; press < 6; press += 1) {
    await page.keyboard.press("Tab");
    const outside = await page.evaluate(() => {
      const element = document.activeElement;
      return element !== document.body && element?.closest("dialog") === null;
    });
    expect(outside, "the focus left the dialog").toBe(false);
  }
  await page.keyboard.press("Escape");
  await expect(button).toBeFocused();
});

test("every control of a page is reached by Tab, and shows its focus", async ({ page, at }) => {
  await page.goto(`${at.relay}/messages`);
  await settled(page);
  const controls = await page.locator("a[href]:visible, button:visible, input:visible, select:visible, summary:visible").count();
  const seen = new Set<string>();
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  for (let press = 0; press < controls + 10; press += 1) {
    await page.keyboard.press("Tab");
    const state = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      if (!element || element === document.body) return null;
      const all = [...document.querySelectorAll("*")];
      return { name: `${all.indexOf(element)}`, outline: getComputedStyle(element).outlineStyle };
    });
    if (!state) break;
    expect(state.outline, `focus of element ${state.name}`).not.toBe("none");
    seen.add(state.name);
  }
  expect(seen.size).toBeGreaterThanOrEqual(controls - 1);
});
