// What operators do, and what becomes of it: to the invoice.
import { OUTPUT, until } from "./system";
import {
  invoiceOf,
  invoicesOf,
  operate,
  placeOrder,
  seqOf,
  statusOf,
  untilStatus,
  writeBehind,
  writeHostile,
  writeTooLarge,
} from "./outbox";
import { expect, settled, signIn, test } from "./fixtures";

test("a dead letter is edited and retried until its invoice exists", async ({ operator: page, at }) => {
  const { seq, orderId } = await writeTooLarge(at);
  const behind = writeBehind(at, orderId);
  expect(await invoicesOf(at, orderId)).toEqual([]);

  await page.goto(`${at.relay}/aggregates/order/${orderId}`);
  await expect(page.getByText(`Blocked by message ${seq}`)).toBeVisible();
  await page.getByRole("link", { name: seq }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(seq);
  await page.getByRole("button", { name: "Edit and retry" }).click();
  const payload = page.getByRole("dialog").getByLabel("Payload");
  await expect(payload).toHaveValue(/much too long/);
  const written = await payload.inputValue();
  await payload.fill("{ not JSON");
  await page.getByRole("button", { name: "Retry with this payload" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("JSON");
  await payload.fill(written.replaceAll("much too long ", ""));
  await page.screenshot({ path: `${OUTPUT}/edit-and-retry.png` });
  await page.getByRole("button", { name: "Retry with this payload" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);

  await invoiceOf(at, orderId);
  await untilStatus(at, behind, "processed");
  await expect(page.locator("main")).toContainText("Processed");
  await expect(page.getByRole("heading", { name: "What operators did" })).toBeVisible();
  await expect(page.getByRole("cell", { name: "ada" }).first()).toBeVisible();
});

// Whatever becomes of a test, the next one finds a relay that delivers.
test.afterEach(async ({ at }) => {
  await operate(at, "resume");
});

test("pause stops the flow, and resume continues it", async ({ operator: page, at }) => {
  await page.goto(at.relay);
  await settled(page);
  await page.getByRole("button", { name: "Pause all" }).click();
  await expect(page.getByRole("dialog")).toContainText("nothing is lost");
  await page.getByRole("button", { name: "Pause all delivery" }).click();
  await expect(page.getByText("Delivery is paused. What is written waits")).toBeVisible();

  // A relay notices within its next look; from then on no message is sent.
  const order = await until("an order's message stays where it is", 30, async () => {
    const placed = await placeOrder(at);
    await new Promise((wake) => setTimeout(wake, 2000));
    return statusOf(at, seqOf(at, placed.id)) === "pending" && placed;
  });
  await page.goto(`${at.relay}/messages/${seqOf(at, order.id)}`);
  await expect(page.locator("main")).toContainText("Pending");
  expect(await invoicesOf(at, order.id)).toEqual([]);
  await page.goto(at.relay);
  await settled(page);
  await page.screenshot({ path: `${OUTPUT}/paused.png` });

  await page.getByRole("button", { name: "Resume all" }).click();
  await page.getByRole("button", { name: "Resume all delivery" }).click();
  await invoiceOf(at, order.id);
  await expect(page.getByRole("button", { name: "Pause all" })).toBeVisible();
});

test("an open dialog stays what it was while another operator acts", async ({ operator: page, at }) => {
  await page.goto(at.relay);
  await settled(page);
  await page.getByRole("button", { name: "Pause all" }).click();
  await operate(at, "pause");
  await expect(page.getByText("Delivery is paused. What is written waits")).toBeVisible();
  await expect(page.getByRole("dialog", { name: "Pause all delivery?" })).toBeVisible();
  await page.getByRole("button", { name: "Pause all delivery" }).click();
  await expect(page.getByText("Delivery was paused already.")).toBeVisible();
});

test("a tab goes on after a sign-in in another one", async ({ operator: page, at, context }) => {
  await page.goto(at.relay);
  await settled(page);
  await signIn(await context.newPage(), at, at.operatorToken);
  await page.getByRole("button", { name: "Pause all" }).click();
  await page.getByRole("button", { name: "Pause all delivery" }).click();
  await expect(page.getByText("Delivery is paused. What is written waits")).toBeVisible();
});

test("what is retried for ever can be retried now, edited and discarded", async ({ operator: page, at }) => {
  const { seq, orderId } = await writeTooLarge(at);
  // As under the policy "block", which gives nothing up.
  await page.route("**/api/v1/aggregates/order/**", async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    json.blockedBy.state = "retrying";
    await route.fulfill({ response, json });
  });
  await page.goto(`${at.relay}/aggregates/order/${orderId}`);
  for (const name of [`Retry now message ${seq}`, `Edit and retry message ${seq}`, `Discard message ${seq}`]) {
    await expect(page.getByRole("button", { name })).toBeVisible();
  }
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("a rate that cannot be read is refused at its field", async ({ operator: page, at }) => {
  const { orderId } = await writeTooLarge(at);
  await page.goto(`${at.relay}/dead-letters?aggregateId=${orderId}`);
  await settled(page);
  await page.getByRole("button", { name: "Select the page" }).click();
  await page.getByRole("button", { name: "Retry 1 selected dead letter" }).click();
  const rate = page.getByLabel("At most per second");
  await rate.fill("10/s");
  await expect(rate).toHaveAccessibleDescription(/whole number/);
  await page.getByRole("button", { name: "Retry 1 message" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("whole number");
});

test("a key that looks like a message's id leads to its messages", async ({ page, at }) => {
  const order = await placeOrder(at);
  await page.goto(at.relay);
  await settled(page);
  await page.getByLabel("Find a message by number").fill(order.id);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: `messages with the key ${order.id}` }).click();
  await expect(page.locator("tbody tr").filter({ hasText: "OrderCreated" })).toBeVisible();
});

test("the picture tells how fast the consumers go and how far they are behind", async ({ page, at }) => {
  const order = await placeOrder(at);
  await invoiceOf(at, order.id);
  await page.goto(at.relay);
  await expect(page.locator(".flow").getByText(/^[0-9,]+ behind$/)).toBeVisible();
  await page.getByText("The picture in words").click();
  // A pace takes two looks, which are five seconds apart.
  const words = page.getByText(/^Topics to group order-events-.*: <?[0-9.,]+\/s, [0-9,]+ behind\.$/);
  await expect(words).toBeVisible({ timeout: 30_000 });
});

test("a trace shows all five stages", async ({ page, at }) => {
  const order = await placeOrder(at);
  await invoiceOf(at, order.id);
  await page.goto(`${at.relay}/trace/${seqOf(at, order.id)}`);
  await expect(page.getByText("All 5 stages are known")).toBeVisible();
  const stages = page.getByRole("list").filter({ hasText: "Committed" }).getByRole("heading");
  await expect(stages).toHaveText([/Committed/, /Read/, /Acknowledged/, /Consumed/, /Effect/]);
  await page.screenshot({ path: `${OUTPUT}/trace-all.png`, fullPage: true });
});

test("discarding is confirmed by typing the number that it concerns", async ({ operator: page, at }) => {
  const { seq, orderId } = await writeTooLarge(at);
  const behind = writeBehind(at, orderId);
  await page.goto(`${at.relay}/dead-letters?aggregateId=${orderId}`);
  await settled(page);
  await page.getByRole("button", { name: "Select the page" }).click();
  await page.getByRole("button", { name: "Discard 1 selected dead letter" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("will never be delivered");
  const confirm = dialog.getByRole("button", { name: "Discard 1 message" });
  await expect(confirm).toBeDisabled();
  await dialog.getByLabel("To confirm, type").fill("discard 1");
  await confirm.click();
  await untilStatus(at, behind, "processed");
  await expect(page.getByText("No dead letter matches")).toBeVisible();
  await page.goto(`${at.relay}/audit?seq=${seq}`);
  await expect(page.getByRole("cell", { name: "ada" }).first()).toBeVisible();
});

test("all that match are retried as one operation, whose end is told", async ({ operator: page, at }) => {
  const { orderId } = await writeTooLarge(at);
  await page.goto(`${at.relay}/dead-letters?aggregateId=${orderId}`);
  await settled(page);
  await page.getByRole("button", { name: /^Select all that match/ }).click();
  await page.getByRole("button", { name: "Retry all that match" }).click();
  await page.getByRole("button", { name: "Retry 1 message" }).click();
  await expect(page.getByText("Retried 1 of 1")).toBeVisible();
});

test("who is not signed in reads, and is offered to sign in where something would change", async ({ page, at }) => {
  await page.goto(at.relay);
  await settled(page);
  await page.getByRole("button", { name: "Pause all" }).click();
  await page.getByRole("link", { name: "Sign in as an operator" }).click();
  await expect(page.getByLabel("Token")).toBeVisible();
  await page.getByLabel("Token").fill("outbox_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByLabel("Token").fill(at.operatorToken);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("ada (operator)", { exact: true })).toBeVisible();
  await expect(page).toHaveURL(`${at.relay}/`);
});

test("a viewer is told that changing needs an operator", async ({ page, at }) => {
  await signIn(page, at, at.viewerToken);
  await page.goto(at.relay);
  await settled(page);
  await page.getByRole("button", { name: "Pause all" }).click();
  await expect(page.getByRole("dialog")).toContainText("signed in as a viewer");
});

test("filters are in the address, and going back undoes them", async ({ page, at }) => {
  await page.goto(`${at.relay}/messages`);
  await settled(page);
  await page.getByLabel("Status").selectOption("dead");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(`${at.relay}/messages?status=dead`);
  await expect(page.getByRole("table", { name: /^Messages/ }).locator(".badge").first()).toHaveText("Dead");
  await page.goBack();
  await expect(page).toHaveURL(`${at.relay}/messages`);
  await expect(page.getByLabel("Status")).toHaveValue("");
});

test("the live tail shows what is written", async ({ page, at }) => {
  await page.goto(`${at.relay}/messages?tail=1`);
  await settled(page);
  const order = await placeOrder(at);
  const newest = page.getByRole("table", { name: /^Messages, live/ }).locator("tbody tr").first();
  await expect(newest).toContainText(order.id);
});

test("text that looks like markup stays text", async ({ page, at }) => {
  const seq = writeHostile(at);
  await untilStatus(at, seq, "processed");
  for (const path of [`/messages/${seq}`, `/messages/${seq}?view=raw`, `/trace/${seq}`, "/messages"]) {
    await page.goto(at.relay + path);
    await settled(page);
    await expect(page.locator("main")).toContainText("<img src=x");
  }
  await page.locator("tbody a", { hasText: "<img" }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("<img src=x");
  await expect(page.locator("tbody tr")).toHaveCount(1);
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
});

test("without its stream the page asks every two seconds", async ({ page, at }) => {
  await page.route("**/api/v1/events", (route) => route.fulfill({ status: 503, headers: { "Retry-After": "30" } }));
  await page.goto(at.relay);
  await expect(page.getByText("Every 2 s")).toBeVisible();
  await expect(page.getByText("The way of the messages")).toBeVisible();
});

test("a server that does not answer is told, once, and forgotten when it answers again", async ({ page, at }) => {
  await page.goto(at.relay);
  await settled(page);
  await page.route("**/api/v1/**", (route) => route.abort());
  await page.reload();
  await expect(page.getByText("outbox-processor does not answer")).toBeVisible();
  await page.unroute("**/api/v1/**");
  await expect(page.getByText("outbox-processor does not answer")).toHaveCount(0);
  await settled(page);
});
