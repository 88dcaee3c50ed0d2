// At most `rows` of the points, evenly, the newest first and always among them.
export function thinned<T>(points: readonly T[], rows: number): T[] {
  const step = Math.max(1, Math.ceil(points.length / rows));
  const kept: T[] = [];
  for (let at = points.length - 1; at >= 0; at -= step) kept.push(points[at] as T);
  return kept;
}
