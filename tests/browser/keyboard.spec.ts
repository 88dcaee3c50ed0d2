// All of it without a mouse.
import { invoiceOf, placeOrder, seqOf } from "./outbox";
import { expect, type Page, settled, test } from "./fixtures";
import { pages, visit } from "./pages";

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

test("the heading has the focus after each change of page, also from message to message", async ({ page, at }) => {
  const [first, second] = [await placeOrder(at), await placeOrder(at)];
  await page.goto(`${at.relay}/messages/${seqOf(at, first.id)}`);
  await settled(page);
  const heading = page.getByRole("heading", { level: 1 });
  for (const order of [second, first]) {
    const seq = seqOf(at, order.id);
    await page.keyboard.press("/");
    await page.keyboard.type(seq);
    await page.keyboard.press("Enter");
    await expect(heading).toContainText(seq);
    await expect(heading).toBeFocused();
    await page.getByLabel("Find a message by number").fill("");
    await heading.focus();
  }
});

test("the heading has the focus when the button that had it is gone", async ({ operator: page, at }) => {
  await page.goto(at.relay);
  await settled(page);
  await page.getByRole("button", { name: "Sign out" }).press("Enter");
  await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
});

declare global {
  interface Window {
    reached: Set<Element>;
  }
}

// What Tab should reach and does not, told by its text.
async function unreached(page: Page): Promise<string[]> {
  const CONTROLS = "a[href], button:enabled, input:enabled, select, textarea, summary, [tabindex='0']";
  const expected = await page.evaluateHandle(
    (controls) => [...document.querySelectorAll(controls)].filter((element) => element.checkVisibility()),
    CONTROLS,
  );
  const most = await expected.evaluate((elements) => 2 * elements.length + 50);
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    window.reached = new Set();
  });
  // It goes on from where the page has put the focus, so the first end may be that of a part.
  for (let press = 0, ends = 0; press < most && ends < 2; press += 1) {
    await page.keyboard.press("Tab");
    const shown = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      window.reached.add(element);
      // The picture's links show it by their box.
      const box = element.querySelector(":scope > .box");
      const visible = box
        ? getComputedStyle(box).strokeWidth === "3px"
        : getComputedStyle(element).outlineStyle !== "none";
      return visible ? "" : `${element.outerHTML.slice(0, 120)} does not show its focus`;
    });
    if (shown === null) ends += 1;
    else expect(shown).toBe("");
  }
  return expected.evaluate((elements) =>
    elements
      // What has been drawn anew meanwhile is another element.
      .filter((element) => element.isConnected && !window.reached.has(element))
      .map((element) => element.outerHTML.slice(0, 120)),
  );
}

test("every control of every page is reached by Tab, and shows its focus", async ({ operator: page, at }) => {
  test.setTimeout(300_000);
  for (const [name, { path }] of Object.entries(pages(at))) {
    await test.step(name, async () => {
      await visit(page, at, path);
      expect(await unreached(page), `controls of ${name}`).toEqual([]);
    });
  }
});
