// The live picture of the way that messages take.
import { useEffect, useRef, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Overview, Shards } from "../api";
import { type Box, flowPicture, flowText, type Pipe } from "../lib/flow";

// The width that an element has now.
export function useWidth<T extends HTMLElement>() {
  const element = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width] as const;
}

export function Flow({ overview, shards }: { overview: Overview; shards: Shards | null }) {
  const [element, width] = useWidth<HTMLDivElement>();
  const picture = width > 0 ? flowPicture(overview, width) : null;
  const text = flowText(overview);
  return (
    <div ref={element}>
      {picture && (
        <svg
          class="flow"
          viewBox={`0 0 ${picture.width} ${picture.height}`}
          width={picture.width}
          height={picture.height}
          role="group"
          aria-label="The way of the messages: orders, outbox, shards, topics, consumers"
        >
          {picture.pipes.map((pipe) => (
            <PipePicture key={pipe.id} pipe={pipe} across={picture.across} />
          ))}
          {picture.boxes.map((box) => (
            <BoxPicture key={box.id} box={box} overview={overview} shards={shards} />
          ))}
        </svg>
      )}
      <details>
        <summary class="small muted">The picture in words</summary>
        <ul class="small stack">
          {text.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}

const SPEED = { idle: "", slow: "slow", steady: "", fast: "fast", stopped: "stopped" } as const;

function PipePicture({ pipe, across }: { pipe: Pipe; across: boolean }) {
  const anchor = across ? "middle" : "start";
  return (
    <g aria-hidden="true">
      <path class="pipe" d={pipe.path} />
      {pipe.current !== "idle" && <path class={`current ${SPEED[pipe.current]}`} d={pipe.path} />}
      {pipe.rate && (
        <text x={pipe.labelX} y={pipe.rateY} text-anchor={anchor}>
          {pipe.rate}
        </text>
      )}
      {pipe.note && (
        <text class={`note ${pipe.note.tone}`} x={pipe.labelX} y={pipe.noteY} text-anchor={anchor}>
          {pipe.note.text}
        </text>
      )}
    </g>
  );
}

function BoxPicture({
  box,
  overview,
  shards,
}: {
  box: Box;
  overview: Overview;
  shards: Shards | null;
}) {
  const content = (
    <>
      <rect
        class={`box ${box.tone}`}
        x={box.x}
        y={box.y}
        width={box.width}
        height={box.height}
        rx="7"
      />
      <text class="title" x={box.x + 12} y={box.y + 24}>
        {box.title}
      </text>
      {/* The spaces are not drawn: with them, what is seen is a part of what is heard. */}
      {box.notes.map((note, at) => [
        " ",
        <text key={note.text} class={`note ${note.tone}`} x={box.x + 12} y={box.y + 42 + at * 17}>
          {note.text}
        </text>,
      ])}
      {box.id === "shards" && <Cells box={box} overview={overview} shards={shards} />}
    </>
  );
  if (!box.href) return <g aria-hidden="true">{content}</g>;
  const label = [box.title, ...box.notes.map((note) => note.text)].join(", ");
  return (
    <Link href={box.href} aria-label={label}>
      {content}
    </Link>
  );
}

// The 64 shards, eight in a row: this relay's, others', nobody's, paused.
function Cells({ box, overview, shards }: { box: Box; overview: Overview; shards: Shards | null }) {
  const total = overview.shards?.total ?? 64;
  const own = shards?.relays.find((relay) => relay.self)?.name ?? overview.shards?.owner ?? "";
  const kind = (shard: number): string => {
    if (overview.paused || overview.pausedShards.includes(shard)) return "paused";
    const owner = shards?.shards.find((candidate) => candidate.shard === shard)?.owner;
    if (!shards) return shard < (overview.shards?.owned ?? 0) ? "mine" : "";
    return !owner ? "" : owner === own ? "mine" : "other";
  };
  const size = 7;
  const pitch = 9;
  const top = box.y + 44 + (box.notes.length - 1) * 17 + 10;
  return (
    <g>
      {Array.from({ length: total }, (_, shard) => (
        <rect
          key={shard}
          class={`cell ${kind(shard)}`}
          x={box.x + 12 + (shard % 8) * pitch}
          y={top + Math.floor(shard / 8) * pitch}
          width={size}
          height={size}
          rx="1.5"
        />
      ))}
    </g>
  );
}
