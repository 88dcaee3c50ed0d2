// Sorts rows by a value; what has none comes last, whichever way.
export type SortValue = string | number | null | undefined;

const collator = new Intl.Collator("en", { numeric: true });

export function sortRows<T>(rows: readonly T[], by: (row: T) => SortValue, down: boolean): T[] {
  const missing = (value: SortValue) => value === null || value === undefined;
  return [...rows].sort((a, b) => {
    const x = by(a);
    const y = by(b);
    if (missing(x) || missing(y)) return Number(missing(x)) - Number(missing(y));
    const order =
      typeof x === "number" && typeof y === "number"
        ? x - y
        : collator.compare(String(x), String(y));
    return down ? -order : order;
  });
}
