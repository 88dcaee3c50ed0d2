// Numbers, durations, sizes and times as people read them. Pure, apart from the local time zone.

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const UNKNOWN = "–";

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : WHOLE.format(value);
}

// For pictures: 1,234,567 is 1.2M.
export function compact(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  return value < 10_000 ? WHOLE.format(value) : COMPACT.format(value);
}

export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value === 0) return "0/s";
  if (value < 0.1) return "<0.1/s";
  return `${value < 10 ? value.toFixed(1) : compact(Math.round(value))}/s`;
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 1024) return `${value} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let scaled = value / 1024;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} ${units[unit]}`;
}

// 0.4 ms, 12 ms, 3.2 s, 4 min 5 s, 2 h 3 min, 3 d 4 h.
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return UNKNOWN;
  const size = Math.abs(ms);
  const sign = ms < 0 ? "−" : "";
  if (size < 10) return `${sign}${size === 0 ? "0" : size.toFixed(1)} ms`;
  if (size < 1000) return `${sign}${Math.round(size)} ms`;
  if (size < 60_000)
    return `${sign}${size < 10_000 ? (size / 1000).toFixed(1) : Math.floor(size / 1000)} s`;
  const seconds = Math.floor(size / 1000);
  const pairs: [number, string, number, string][] = [
    [86_400, "d", 3600, "h"],
    [3600, "h", 60, "min"],
    [60, "min", 1, "s"],
  ];
  for (const [big, bigName, small, smallName] of pairs) {
    if (seconds >= big) {
      const rest = Math.floor((seconds % big) / small);
      return `${sign}${Math.floor(seconds / big)} ${bigName}${rest ? ` ${rest} ${smallName}` : ""}`;
    }
  }
  return `${sign}${seconds} s`;
}

// "just now", "4 min ago", "in 12 s".
export function relative(iso: string, now: number): string {
  const ms = now - Date.parse(iso);
  if (Number.isNaN(ms)) return iso;
  if (Math.abs(ms) < 1500) return "just now";
  const seconds = Math.abs(ms) / 1000;
  const text =
    seconds < 60
      ? `${Math.round(seconds)} s`
      : seconds < 3600
        ? `${Math.round(seconds / 60)} min`
        : seconds < 86_400
          ? `${Math.round(seconds / 3600)} h`
          : `${Math.round(seconds / 86_400)} d`;
  return ms > 0 ? `${text} ago` : `in ${text}`;
}

const two = (value: number) => String(value).padStart(2, "0");

// Local date and time, sortable by eye: 2026-11-26 20:41:07.123
export function localTime(iso: string, precise = false): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return precise ? `${date} ${clock}${fraction(iso)}` : `${date} ${clock}`;
}

// What a Date loses of the microseconds.
function fraction(iso: string): string {
  return /\.\d+/.exec(iso)?.[0] ?? "";
}

export function utcTime(iso: string): string {
  return /Z$/.test(iso) ? `${iso.replace("T", " ").replace(/Z$/, "")} UTC` : iso;
}

// What the address bar keeps of a time range: "15m", "2h", "3d" back from now, or a time. The
// server wants a time.
export function sinceTime(text: string, now: number): string | null {
  const back = /^(\d{1,5})([smhd])$/.exec(text.trim());
  if (back) {
    const unit = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[
      back[2] as "s" | "m" | "h" | "d"
    ];
    return new Date(now - Number(back[1]) * unit).toISOString();
  }
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

export function titleCase(text: string): string {
  return text ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

// A short form that still tells two UUIDs apart: both ends. UUIDv7 begin alike.
export function shortId(id: string): string {
  return id.length > 20 ? `${id.slice(0, 8)}…${id.slice(-6)}` : id;
}

export const isMessageName = (text: string): boolean =>
  /^\d{1,19}$/.test(text) ||
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
