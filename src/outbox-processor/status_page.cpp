#include "outbox-processor/status_page.hpp"

namespace outbox {

std::string_view status_page_html() {
  return R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Outbox</title>
<link rel="stylesheet" href="/status.css">
<script src="/status.js" defer></script>
</head>
<body>
<main>
<h1>Outbox</h1>
<p id="state" role="status">Loading …</p>
<dl id="numbers"></dl>
<p>Updated <span id="updated">never</span>, every two seconds. The same as JSON:
<a href="/api/v1/overview">/api/v1/overview</a>; for Prometheus: <a href="/metrics">/metrics</a>.</p>
<noscript>This page needs JavaScript; the numbers are also at /api/v1/overview.</noscript>
</main>
</body>
</html>
)";
}

std::string_view status_page_css() {
  return R"(:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }
main { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem; }
dl div { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .5rem;
  padding: .75rem 1rem; }
dt { font-size: .9rem; opacity: .8; }
dd { margin: 0; font-size: 1.4rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
#state.bad { font-weight: bold; color: light-dark(#a40000, #ff9b9b); }
)";
}

std::string_view status_page_js() {
  return R"("use strict";
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const show = (value) => (value === null || value === undefined ? "unknown" : number.format(value));

function rows(o) {
  const failed = o.failed || {};
  const shards = o.shards || {};
  return [
    ["Pending", (o.pendingIsEstimate ? "about " : "") + show(o.pending)],
    ["Oldest pending, seconds", show(o.oldestPendingAgeSeconds)],
    ["Processed since start", show(o.processed)],
    ["Processed per second", show(o.rates.processedPerSecond)],
    ["Retrying", show(failed.retrying)],
    ["Keys that wait", show(failed.heldKeys)],
    ["Dead", show(failed.dead)],
    ["Failed attempts since start", show(o.failedAttempts)],
    ["Shards", `${show(shards.owned)} of ${show(shards.total)}`],
    ["Owner", shards.owner || "nobody yet"],
  ];
}

function problem(o) {
  if (o.source.problem) return `Source: ${o.source.problem}`;
  if (!o.sink.reachable) return `Sink: ${o.sink.detail || "not reachable"}`;
  return "";
}

function render(o) {
  const list = document.getElementById("numbers");
  list.replaceChildren(...rows(o).map(([name, value]) => {
    const box = document.createElement("div");
    const term = document.createElement("dt");
    const detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = value;
    box.append(term, detail);
    return box;
  }));
  setState(problem(o) || "Messages are being delivered.", problem(o) !== "");
  document.getElementById("updated").textContent = new Date().toLocaleTimeString();
}

function setState(text, bad) {
  const state = document.getElementById("state");
  state.textContent = text;
  state.className = bad ? "bad" : "";
}

async function refresh() {
  try {
    const answer = await fetch("/api/v1/overview", { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    render(await answer.json());
  } catch (error) {
    setState(`The relay does not answer: ${error.message}`, true);
  }
  setTimeout(refresh, 2000);
}
refresh();
)";
}

}  // namespace outbox
