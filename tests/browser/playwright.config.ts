// The dashboard in Debian's Chromium, against programs that run on the servers of ./dev stack.
import { defineConfig } from "@playwright/test";
import { OUTPUT } from "./system";

export default defineConfig({
  testDir: ".",
  outputDir: `${OUTPUT}/failures`,
  globalSetup: "./setup.ts",
  workers: 1, // one system, which the tests change
  timeout: 60_000,
  expect: { timeout: 15_000 },
  forbidOnly: true,
  reporter: [["list"]],
  use: {
    launchOptions: {
      executablePath: process.env.OUTBOX_TEST_CHROMIUM ?? "/usr/bin/chromium",
      // As root, Chromium has no sandbox; the pages are our own.
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
    },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
  },
  // README's pictures are made by ./dev screenshots alone.
  projects: [
    { name: "tests", testIgnore: "tour.spec.ts" },
    { name: "tour", testMatch: "tour.spec.ts" },
  ],
});
