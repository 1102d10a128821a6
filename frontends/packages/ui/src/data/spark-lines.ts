/** The geometry of a spark line, without the element. */

/** The runs between gaps as SVG points in a box of 100 × 24, with a margin for the stroke. */
export function sparkLines(values: readonly (number | null)[]): string[] {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return [];
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const step = values.length > 1 ? 100 / (values.length - 1) : 0;
  const lines: string[][] = [[]];
  values.forEach((value, index) => {
    if (value === null) lines.push([]);
    else lines.at(-1)?.push(`${round(index * step)},${round(22 - ((value - low) / span) * 20)}`);
  });
  return lines.filter((line) => line.length > 0).map((line) => line.join(" "));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
