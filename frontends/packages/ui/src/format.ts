/**
 * Figures and times as people read them: units on numbers, times in the reader's zone, one spelling everywhere. Every
 * function answers "–" for a value that is absent or not a finite number, so that a page never prints NaN.
 */

const NOTHING = "–";

type Maybe<T> = T | null | undefined;

/** A number with at most `digits` decimals and the reader's separators; `unit` follows after a narrow space. */
export function number(value: Maybe<number>, digits = 1, unit = ""): string {
  if (!isFinite(value)) return NOTHING;
  const text = value.toLocaleString(undefined, { maximumFractionDigits: digits });
  return unit ? `${text}\u202f${unit}` : text;
}

/** A size in bytes with a binary unit: `number` of B, KiB, MiB, GiB, TiB. */
export function bytes(value: Maybe<number>): string {
  if (!isFinite(value)) return NOTHING;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let scaled = value;
  let step = 0;
  while (Math.abs(scaled) >= 1024 && step < units.length - 1) {
    scaled /= 1024;
    step += 1;
  }
  return number(scaled, scaled >= 100 || step === 0 ? 0 : 1, units[step]);
}

/** A percentage from 0 to 100, as it is measured: `percent(42.5, 1)` is "42.5 %". */
export function percent(value: Maybe<number>, digits = 0): string {
  return number(value, digits, "%");
}

/** A length of time in seconds by its two largest units: `850 ms`, `12.4 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export function duration(seconds: Maybe<number>): string {
  if (!isFinite(seconds)) return NOTHING;
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 1) return number(seconds * 1000, 0, "ms");
  if (seconds < 60) return number(seconds, seconds < 10 ? 1 : 0, "s");
  const whole = Math.round(seconds);
  if (whole < 3600) return pair(whole, 60, "min", 1, "s");
  if (whole < 86400) return pair(whole, 3600, "h", 60, "min");
  return pair(whole, 86400, "d", 3600, "h");
}

/** The time of day with seconds, `12:03:10`; on another day than `now` the date comes first. */
export function time(value: Maybe<Date | string>, now: Date = new Date()): string {
  const moment = toDate(value);
  if (!moment) return NOTHING;
  const clock = moment.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  if (moment.toDateString() === now.toDateString()) return clock;
  const sameYear = moment.getFullYear() === now.getFullYear();
  const day = moment.toLocaleDateString(undefined, { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) });
  return `${day} ${clock.slice(0, 5)}`;
}

/** The full stamp for a title: date, time to the second and zone. */
export function stamp(value: Maybe<Date | string>): string {
  const moment = toDate(value);
  if (!moment) return "";
  return moment.toLocaleString(undefined, {
    weekday: "short",
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  });
}

/** How long ago, in the largest unit: `just now`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function ago(value: Maybe<Date | string>, now: Date = new Date()): string {
  const moment = toDate(value);
  if (!moment) return NOTHING;
  const seconds = (now.getTime() - moment.getTime()) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${number(Math.max(1, Math.round(seconds / 60)), 0, "min")} ago`;
  if (seconds < 86400) return `${number(Math.round(seconds / 3600), 0, "h")} ago`;
  return `${number(Math.round(seconds / 86400), 0, "d")} ago`;
}

/** A count with its noun: `plural(1, "service")` is "1 service", `plural(3, "person", "people")` is "3 people". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count, 0)} ${count === 1 ? one : many}`;
}

/** A `Date` from a date or ISO 8601 text; null when it is neither. */
export function toDate(value: Maybe<Date | string>): Date | null {
  if (value === null || value === undefined || value === "") return null;
  const moment = value instanceof Date ? value : new Date(value);
  return Number.isNaN(moment.getTime()) ? null : moment;
}

function pair(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const first = Math.floor(seconds / large);
  const second = Math.floor((seconds % large) / small);
  return second === 0 ? number(first, 0, largeUnit) : `${number(first, 0, largeUnit)} ${number(second, 0, smallUnit)}`;
}

function isFinite(value: Maybe<number>): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
