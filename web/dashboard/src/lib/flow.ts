// The way of the messages as boxes and pipes: where they lie for a width, and what they say.
import type { Overview } from "../api_types";
import { compact, count, duration, plural, rate } from "./format";

export type Tone = "" | "warn" | "bad";

export interface Note {
  text: string;
  tone: Tone;
}

export interface Box {
  id: string;
  title: string;
  notes: Note[];
  tone: Tone;
  href: string | null;
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Current = "idle" | "slow" | "steady" | "fast" | "stopped";

export interface Pipe {
  id: string;
  path: string;
  current: Current;
  rate: string;
  note: Note | null;
  labelX: number;
  rateY: number;
  noteY: number;
}

export interface Picture {
  width: number;
  height: number;
  across: boolean;
  boxes: Box[];
  pipes: Pipe[];
}

interface Content {
  id: string;
  title: string;
  notes: Note[];
  href: string | null;
}

interface Flow {
  rate: number | null;
  note: Note | null;
  stopped: boolean;
}

const TOPICS_SHOWN = 4;
const ACROSS_FROM = 960;
const note = (text: string, tone: Tone = ""): Note => ({ text, tone });

export function topicsShown(o: Overview): { topic: string; publishedPerSecond: number }[] {
  const sorted = [...o.topics].sort(
    (a, b) => b.publishedPerSecond - a.publishedPerSecond || a.topic.localeCompare(b.topic),
  );
  return sorted.slice(0, TOPICS_SHOWN);
}

const clip = (text: string, length: number) =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;

function outbox(o: Overview): Content {
  const notes = [note(`${o.pendingIsEstimate ? "about " : ""}${compact(o.pending)} pending`)];
  if (o.oldestPendingAgeSeconds) {
    const age = o.oldestPendingAgeSeconds * 1000;
    notes.push(note(`oldest ${duration(age)}`, age > 60_000 ? "warn" : ""));
  }
  if (!o.source.connected) notes.push(note("not connected", "bad"));
  return { id: "outbox", title: "Outbox", notes, href: "/messages?status=pending" };
}

function shards(o: Overview): Content {
  const notes: Note[] = [];
  if (o.shards) notes.push(note(`${o.shards.owned} of ${o.shards.total} here`));
  if (o.paused) notes.push(note("all paused", "warn"));
  else if (o.pausedShards.length) notes.push(note(`${o.pausedShards.length} paused`, "warn"));
  return { id: "shards", title: "Shards", notes, href: "/shards" };
}

function failures(o: Overview): Content | null {
  if (!o.failed) return null;
  const { retrying, heldKeys, dead } = o.failed;
  if (retrying + heldKeys + dead === 0) return null;
  const notes: Note[] = [];
  if (dead) notes.push(note(`${compact(dead)} dead`, "bad"));
  if (retrying) notes.push(note(`${compact(retrying)} retrying`, "warn"));
  if (heldKeys)
    notes.push(note(`${compact(heldKeys)} ${heldKeys === 1 ? "key waits" : "keys wait"}`, "warn"));
  return {
    id: "failed",
    title: "Stuck",
    notes,
    href: dead ? "/dead-letters" : "/messages?status=retrying",
  };
}

function topicBoxes(o: Overview): Content[] {
  const shown = topicsShown(o);
  const boxes = shown.map(({ topic }): Content => {
    const notes: Note[] = o.pausedTopics.includes(topic) ? [note("paused", "warn")] : [];
    return { id: `topic ${topic}`, title: clip(topic, 21), notes, href: "/topics" };
  });
  if (boxes.length === 0) {
    const notes = o.sink.reachable ? [] : [note("not reachable", "bad")];
    boxes.push({ id: "topics", title: "Topics", notes, href: "/topics" });
  } else if (!o.sink.reachable) {
    boxes[0]?.notes.push(note("sink not reachable", "bad"));
  }
  return boxes;
}

function consumers(o: Overview): Content {
  const { reachable = null, groups = [] } = o.consumers ?? {};
  const [group] = groups;
  const notes: Note[] = [];
  if (group) notes.push(note(groups[1] ? plural(groups.length, "group") : clip(group.group, 15)));
  if (groups.some(({ problem }) => problem)) notes.push(note("cannot be read", "warn"));
  if (reachable === false) notes.push(note("not reachable", "bad"));
  else if (!group) notes.push(note(reachable ? "reachable" : "not asked"));
  return { id: "consumers", title: "Consumers", notes, href: null };
}

// Of what is known of each; null: nothing is.
const sum = (values: (number | null)[]): number | null =>
  values.reduce((all, value) => (value === null ? all : (all ?? 0) + value), null);

function consumed(o: Overview): Flow {
  const groups = o.consumers?.groups ?? [];
  const lag = sum(groups.map((group) => group.lag));
  const late = o.alerts.some(({ id }) => id === "consumers-behind");
  return {
    rate: sum(groups.map((group) => group.ratePerSecond)),
    // What was published would be a false answer.
    note: !groups.length
      ? note("not measured")
      : lag === null
        ? note("lag not known")
        : note(`${compact(lag)} behind`, late ? "warn" : ""),
    stopped: o.consumers?.reachable === false,
  };
}

function flows(o: Overview) {
  const published = o.topics.reduce((sum, topic) => sum + topic.publishedPerSecond, 0);
  const held = o.failed ? o.failed.retrying + o.failed.heldKeys : 0;
  const stopped = o.paused || !o.source.connected;
  const inserted: Flow = { rate: o.insertedPerSecond, note: null, stopped: false };
  const read: Flow = {
    rate: o.rates.processedPerSecond,
    note: note(`${compact(o.pending)} waiting`, o.pending && stopped ? "warn" : ""),
    stopped,
  };
  const topic = (name: string | null): Flow => ({
    rate:
      name === null
        ? published
        : (o.topics.find((t) => t.topic === name)?.publishedPerSecond ?? null),
    note: held ? note(`${compact(held)} held back`, "warn") : null,
    stopped: stopped || !o.sink.reachable || (name !== null && o.pausedTopics.includes(name)),
  });
  return { inserted, read, topic, consumed: consumed(o) };
}

function currentOf(flow: Flow): Current {
  if (flow.stopped) return "stopped";
  if (!flow.rate) return "idle";
  return flow.rate < 10 ? "slow" : flow.rate < 1000 ? "steady" : "fast";
}

const worst = (notes: Note[]): Tone =>
  notes.some((n) => n.tone === "bad") ? "bad" : notes.some((n) => n.tone === "warn") ? "warn" : "";

const box = (content: Content, x: number, y: number, width: number, height: number): Box => ({
  ...content,
  tone: worst(content.notes),
  x,
  y,
  width,
  height,
});

const WRITERS = { id: "orders", title: "Orders", notes: [note("your transactions")], href: null };

export function flowPicture(o: Overview, width: number): Picture {
  return width >= ACROSS_FROM ? across(o, width) : down(o, width);
}

// The height of a box with a title and so many notes.
const heightOf = (content: Content, least = 44) =>
  Math.max(least, 36 + 17 * content.notes.length + (content.id === "shards" ? 82 : 0));

function pipe(
  id: string,
  flow: Flow,
  path: string,
  labelX: number,
  rateY: number,
  noteY: number,
  noted = true,
): Pipe {
  return {
    id,
    path,
    current: currentOf(flow),
    rate: flow.rate === null && flow.note ? "" : rate(flow.rate),
    note: noted ? flow.note : null,
    labelX,
    rateY,
    noteY,
  };
}

function across(o: Overview, width: number): Picture {
  const widths = [128, 134, 128, 204, 118] as const;
  const gap = (width - widths.reduce((sum, w) => sum + w, 0) - 4) / 4;
  const xs: number[] = [2];
  for (const w of widths) xs.push((xs.at(-1) ?? 0) + w + gap);
  const x = (column: number) => xs[column] ?? 0;
  const topics = topicBoxes(o);
  const pitch = 64;
  const height = Math.max(190, topics.length * pitch + 24);
  const middle = height / 2;
  const flow = flows(o);
  const centred = (content: Content, column: number, least: number) => {
    const h = heightOf(content, least);
    return box(content, x(column), middle - h / 2, widths[column] ?? 0, h);
  };
  const boxes = [
    centred(WRITERS, 0, 56),
    centred(outbox(o), 1, 84),
    centred(shards(o), 2, 140),
    centred(consumers(o), 4, 56),
  ];
  const line = (from: number, to: number) =>
    `M${x(from) + (widths[from] ?? 0) + 6} ${middle}H${x(to) - 6}`;
  const between = (id: string, f: Flow, from: number) =>
    pipe(
      id,
      f,
      line(from, from + 1),
      x(from) + (widths[from] ?? 0) + gap / 2,
      middle - 10,
      middle + 20,
    );
  const pipes = [
    between("orders to outbox", flow.inserted, 0),
    between("outbox to shards", flow.read, 1),
  ];
  // What consumers take is told above their box: between it and the topics is no room for it.
  const above = middle - (boxes.at(-1)?.height ?? 0) / 2;
  const first = middle - ((topics.length - 1) * pitch) / 2;
  topics.forEach((content, at) => {
    const y = first + at * pitch;
    const h = heightOf(content, 40);
    boxes.push(box(content, x(3), y - h / 2, widths[3], h));
    const name = content.id.startsWith("topic ") ? content.id.slice(6) : null;
    const start = x(2) + widths[2] + 6;
    const end = x(3) - 6;
    const bend = (start + end) / 2;
    pipes.push(
      pipe(
        `shards to ${content.title}`,
        flow.topic(name),
        `M${start} ${middle}C${bend} ${middle} ${bend} ${y} ${end} ${y}`,
        topics.length === 1 ? bend : end - 26,
        y - 10,
        y + 20,
        // Whose it is, is known where there is one topic alone.
        topics.length === 1,
      ),
    );
    const right = x(3) + widths[3] + 6;
    const last = x(4) - 6;
    pipes.push({
      ...pipe(
        `${content.title} to consumers`,
        flow.consumed,
        `M${right} ${y}C${(right + last) / 2} ${y} ${(right + last) / 2} ${middle} ${last} ${middle}`,
        x(4) + widths[4] / 2,
        above - 24,
        above - 8,
        at === 0,
      ),
      // One rate for the bundle.
      ...(at === 0 ? {} : { rate: "" }),
    });
  });
  const stuck = failures(o);
  if (stuck) {
    const h = heightOf(stuck, 40);
    const y = middle + 70 + 34;
    boxes.push(box(stuck, x(2), y, widths[2], h));
    pipes.push({
      ...pipe(
        "shards to stuck",
        { rate: null, note: topics.length === 1 ? null : flow.topic(null).note, stopped: true },
        `M${x(2) + 64} ${middle + 76}V${y - 6}`,
        x(2) + 64 + 48,
        middle + 60,
        middle + 90,
      ),
      rate: "",
    });
    return { width, height: Math.max(height, y + h + 4), across: true, boxes, pipes };
  }
  return { width, height, across: true, boxes, pipes };
}

function down(o: Overview, width: number): Picture {
  const inner = Math.min(width - 4, 520);
  const left = (width - inner) / 2;
  const flow = flows(o);
  const boxes: Box[] = [];
  const pipes: Pipe[] = [];
  let y = 2;
  const put = (content: Content, least: number) => {
    const h = heightOf(content, least);
    boxes.push(box(content, left, y, inner, h));
    y += h;
  };
  const connect = (id: string, f: Flow) => {
    const x = left + 28;
    pipes.push(pipe(id, f, `M${x} ${y + 6}V${y + 38}`, x + 16, y + 20, y + 35));
    y += 44;
  };
  put(WRITERS, 44);
  connect("orders to outbox", flow.inserted);
  put(outbox(o), 44);
  connect("outbox to shards", flow.read);
  put(shards(o), 140);
  connect("shards to topics", flow.topic(null));
  topicBoxes(o).forEach((content, at) => {
    if (at > 0) y += 6;
    const name = content.id.startsWith("topic ") ? content.id.slice(6) : null;
    const own = name === null ? [] : [note(rate(flow.topic(name).rate))];
    put({ ...content, notes: [...own, ...content.notes] }, 44);
  });
  connect("topics to consumers", flow.consumed);
  put(consumers(o), 44);
  const stuck = failures(o);
  if (stuck) {
    y += 14;
    put(stuck, 44);
  }
  return { width, height: y + 2, across: false, boxes, pipes };
}

// The same, to be read or heard.
export function flowText(o: Overview): string[] {
  const lines = [
    `Orders to outbox: ${rate(o.insertedPerSecond)}, within the writers' own transactions.`,
    `Outbox: ${o.pendingIsEstimate ? "about " : ""}${plural(o.pending ?? 0, "message")} pending${
      o.oldestPendingAgeSeconds
        ? `, the oldest for ${duration(o.oldestPendingAgeSeconds * 1000)}`
        : ""
    }.`,
    `Outbox to shards: ${rate(o.rates.processedPerSecond)}${o.paused ? "; all delivery is paused" : ""}.`,
  ];
  if (o.shards) {
    lines.push(
      `Shards: this relay has ${o.shards.owned} of ${o.shards.total}${
        o.pausedShards.length ? `; paused: ${o.pausedShards.join(", ")}` : ""
      }.`,
    );
  }
  if (o.failed) {
    lines.push(
      `Stuck: ${count(o.failed.retrying)} retrying, ${plural(o.failed.heldKeys, "key")} held, ${count(o.failed.dead)} dead.`,
    );
  }
  for (const { topic, publishedPerSecond } of topicsShown(o)) {
    lines.push(
      `Shards to topic ${topic}: ${rate(publishedPerSecond)}${o.pausedTopics.includes(topic) ? ", paused" : ""}.`,
    );
  }
  const more = o.topics.length - topicsShown(o).length;
  if (more > 0) lines.push(`And ${plural(more, "more topic")}.`);
  if (!o.sink.reachable)
    lines.push(`The sink is not reachable: ${o.sink.detail || "no reason given"}.`);
  const { url = null, reachable, groups = [] } = o.consumers ?? {};
  if (url) lines.push(`Consumers at ${url}: ${reachable ? "reachable" : "not reachable"}.`);
  for (const { group, lag, ratePerSecond, problem } of groups) {
    lines.push(
      `Topics to group ${group}: ${problem ?? `${rate(ratePerSecond)}, ${count(lag)} behind`}.`,
    );
  }
  if (!groups.length)
    lines.push("What consumers take is not measured, as sink.consumer_groups is not set.");
  return lines;
}
