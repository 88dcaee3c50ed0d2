import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { mockApi } from "./dev/mock_api.ts";

// For npm run dev: the address of a running outbox-processor.
const relay = process.env["OUTBOX_API"];

// uPlot offers more ways to draw a series than lines, and a legend; nobody here uses them, and 4 kB are
// left out.
function linesOnly(): Plugin {
  const others = ["stepped = stepped", "bars    = bars", "spline  = monotoneCubic"];
  const changes = [
    ...others.map((assigned) => [`(paths.${assigned});`, ""] as const),
    ["showLegend = legend.show;", "showLegend = false;"] as const,
  ];
  return {
    name: "uplot-lines-only",
    transform(code, id) {
      if (!id.endsWith("uPlot.esm.js")) return null;
      return changes.reduce((text, [found, instead]) => {
        if (!text.includes(found)) throw new Error(`uPlot has no "${found}" any more`);
        return text.replace(found, instead);
      }, code);
    },
  };
}

// Everything lies in files of its own: the content security policy of the server allows neither
// inline scripts and styles nor data: addresses.
export default defineConfig({
  cacheDir: "../../build/web-cache",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../build/web",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox128", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // Without OUTBOX_API, made-up answers.
  plugins: [linesOnly(), relay ? null : mockApi()],
  // node_modules is a link into a cache outside of the project.
  server: {
    fs: { strict: false },
    // As the relay's own page: it refuses changes that come from another origin.
    proxy: relay
      ? { "/api": { target: relay, changeOrigin: true, headers: { origin: relay } } }
      : {},
  },
  test: { environment: "node", include: ["src/**/*_test.ts"] },
});
