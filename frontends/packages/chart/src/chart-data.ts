/**
 * The figures of a chart, without the chart: several series brought onto one time axis, what a reader may see of them as text, and
 * labels for times. Plain functions, tested without a browser.
 */

export interface Series {
  label: string;
  /** Shown after every figure; series of one unit share an axis. */
  unit?: string;
  /** Ascending, in seconds since 1970 (`Date.getTime() / 1000`). */
  times: readonly number[];
  /** One for each time; null is a gap. */
  values: readonly (number | null)[];
  /** Decimals of the figures; 1 unless given. */
  digits?: number;
}

export interface Threshold {
  label: string;
  value: number;
  kind: "notice" | "warning" | "danger";
  /** The axis it belongs to; the first series' unless given. */
  unit?: string;
}

/** A column of figures on the common time axis: null is a gap, undefined is "this series has no reading at this time". */
export type AlignedColumn = (number | null | undefined)[];

/**
 * All series on one axis of seconds. A series with no reading at a time of another one is not interrupted there; a null is.
 * With `maxGap` (seconds), a pause longer than that is a gap as well.
 */
export function align(series: readonly Series[], maxGap = 0): { seconds: number[]; columns: AlignedColumn[] } {
  const readings = series.map((one) => withGaps(one, maxGap));
  const times = [...new Set(readings.flatMap((one) => [...one.keys()]))].sort((left, right) => left - right);
  return { seconds: times, columns: readings.map((one) => times.map((time) => one.get(time))) };
}

function withGaps(series: Series, maxGap: number): Map<number, number | null> {
  const readings = new Map<number, number | null>();
  series.times.forEach((time, index) => {
    const before = series.times[index - 1];
    if (maxGap > 0 && before !== undefined && time - before > maxGap) readings.set(before + maxGap, null);
    readings.set(time, series.values[index] ?? null);
  });
  return readings;
}

/** The last reading that is not a gap. */
export function lastReading(series: Series): { time: number; value: number } | null {
  for (let index = series.values.length - 1; index >= 0; index -= 1) {
    const value = series.values[index];
    const time = series.times[index];
    if (typeof value === "number" && time !== undefined) return { time, value };
  }
  return null;
}

/** A figure with its unit; bytes in the binary unit that fits ("1.4 MiB/s"); "–" for none. */
export function figure(value: number | null | undefined, unit = "", digits = 1): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  const [shown, prefix] = isBytes(unit) ? binary(value) : [value, ""];
  const text = shown.toLocaleString(undefined, { maximumFractionDigits: digits });
  return unit ? `${text}\u202f${prefix}${unit}` : text;
}

/** Whether a unit counts bytes: "B", "B/s". */
export function isBytes(unit: string): boolean {
  return unit === "B" || unit.startsWith("B/");
}

function binary(value: number): [number, string] {
  const prefixes = ["", "Ki", "Mi", "Gi", "Ti"];
  const step = value === 0 ? 0 : Math.min(Math.floor(Math.log2(Math.abs(value)) / 10), prefixes.length - 1);
  return [value / 1024 ** Math.max(0, step), prefixes[Math.max(0, step)] ?? ""];
}

/** What the chart says to somebody who does not see it. */
export function summary(series: readonly Series[], thresholds: readonly Threshold[]): string {
  const lines = series.map((one) => {
    const known = one.values.filter((value): value is number => value !== null);
    if (known.length === 0) return `${one.label}: no values.`;
    const say = (value: number | undefined): string => figure(value, one.unit, one.digits);
    return `${one.label}: last ${say(lastReading(one)?.value)}, lowest ${say(least(known))}, highest ${say(most(known))}, ${known.length} values.`;
  });
  const limits = thresholds.map((one) => `${one.label} at ${figure(one.value, one.unit ?? series[0]?.unit)}.`);
  return [...lines, ...limits].join(" ");
}

/** Labels for ticks `step` seconds apart: with seconds, to the minute, or the day; a tick at midnight says the day. */
export function tickLabels(seconds: readonly number[], step: number): string[] {
  return seconds.map((second) => {
    const moment = new Date(second * 1000);
    const midnight = moment.getHours() === 0 && moment.getMinutes() === 0 && moment.getSeconds() === 0;
    if (step >= 86400 || midnight) return moment.toLocaleDateString(undefined, { day: "numeric", month: "short" });
    const parts: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    return moment.toLocaleTimeString(undefined, step < 60 ? { ...parts, second: "2-digit" } : parts);
  });
}

/** The range of an axis: all readings and thresholds, with a little air, never without height. */
export function axisRange(low: number | null, high: number | null, thresholds: readonly number[]): [number, number] {
  const from = least([low ?? 0, ...thresholds]);
  const to = most([high ?? 1, ...thresholds]);
  const air = (to - from || Math.abs(to) || 1) * 0.08;
  // A quantity that is never negative keeps its zero line.
  return [from >= 0 && from - air < 0 ? 0 : from - air, to + air];
}

// Not Math.min(...values): a long series is more arguments than a call may have.
function least(values: readonly number[]): number {
  return values.reduce((left, right) => (right < left ? right : left));
}

function most(values: readonly number[]): number {
  return values.reduce((left, right) => (right > left ? right : left));
}
