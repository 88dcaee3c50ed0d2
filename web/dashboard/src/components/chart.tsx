// A line chart over time, with its numbers in a legend and as a table.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { HistoryPoint } from "../api";
import { thinned } from "../lib/history";
import { colorOf, paletteRound } from "../lib/theme";
import { Time } from "./bits";
import { Card } from "./page";
import { DataTable } from "./table";

export interface Series {
  name: string;
  tone: "accent" | "good" | "warn" | "bad" | "calm";
  dash?: [number, number];
  value: (point: HistoryPoint) => number | null;
}

const TABLE_ROWS = 30;

export function Chart({
  title,
  series,
  points,
  format,
}: {
  title: string;
  series: readonly Series[];
  points: readonly HistoryPoint[];
  format: (value: number | null) => string;
}) {
  const [hovered, setHovered] = useState<number | null>(null);
  const at = hovered === null ? points.at(-1) : points[hovered];
  return (
    <Card title={title}>
      <ul class="legend">
        {series.map((line) => (
          <li key={line.name} class={line.tone}>
            <svg viewBox="0 0 24 8" aria-hidden="true">
              <line x1="0" y1="4" x2="24" y2="4" stroke-dasharray={line.dash?.join(" ")} />
            </svg>
            {line.name} <b>{format(at ? line.value(at) : null)}</b>
          </li>
        ))}
        {hovered !== null && at && (
          <li class="muted">
            <Time at={at.at} />
          </li>
        )}
      </ul>
      <Plot title={title} series={series} points={points} format={format} hover={setHovered} />
      <details>
        <summary class="small muted">As a table</summary>
        <DataTable
          caption={title}
          sortName={`sort-${title.toLowerCase().replaceAll(/\W+/g, "-")}`}
          rows={thinned(points, TABLE_ROWS)}
          rowKey={(point) => point.at}
          columns={[
            { name: "at", header: "Time", cell: (point: HistoryPoint) => <Time at={point.at} /> },
            ...series.map((line) => ({
              name: line.name,
              header: line.name,
              end: true,
              cell: (point: HistoryPoint) => format(line.value(point)),
            })),
          ]}
        />
      </details>
    </Card>
  );
}

function Plot({
  title,
  series,
  points,
  format,
  hover,
}: {
  title: string;
  series: readonly Series[];
  points: readonly HistoryPoint[];
  format: (value: number | null) => string;
  hover: (at: number | null) => void;
}) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const round = paletteRound.value;
  const data: uPlot.AlignedData = [
    points.map((point) => Date.parse(point.at) / 1000),
    ...series.map((line) => points.map((point) => line.value(point))),
  ];
  const latest = useRef(data);
  latest.current = data;

  // Drawn anew only when its colours change.
  useEffect(() => {
    const parent = element.current;
    if (!parent) return;
    const axis = {
      stroke: colorOf("--muted"),
      grid: { stroke: colorOf("--line"), width: 1 },
      ticks: { show: false },
    };
    const chart = new uPlot(
      {
        width: parent.clientWidth,
        height: parent.clientHeight,
        legend: { show: false },
        cursor: { sync: { key: "history" }, drag: { setScale: false } },
        scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
        axes: [
          { ...axis, size: 30, values: (_, splits) => splits.map((split) => clock(split)) },
          { ...axis, size: 64, values: (_, splits) => splits.map((split) => format(split)) },
        ],
        series: [
          {},
          ...series.map((line) => ({
            label: line.name,
            stroke: colorOf(`--${line.tone}`),
            width: 1.75,
            points: { show: false },
            ...(line.dash ? { dash: line.dash } : {}),
          })),
        ],
        hooks: { setCursor: [(chart) => hover(chart.cursor.idx ?? null)] },
      },
      latest.current,
      parent,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: parent.clientWidth, height: parent.clientHeight }),
    );
    observer.observe(parent);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [round]);

  useEffect(() => plot.current?.setData(data));

  const last = points.at(-1);
  const words = series.map((line) => `${line.name} ${format(last ? line.value(last) : null)}`);
  return (
    <div
      ref={element}
      class="plot"
      role="img"
      aria-label={`${title}, at last: ${words.join(", ")}`}
    />
  );
}

const clock = (seconds: number) =>
  new Date(seconds * 1000).toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  });
