/**
 * Values that JSON has no form for, as they travel and as JavaScript has them. Rows hold them as text (docs/tuples.md), and most pages
 * can leave them so: text is what is shown, compared for equality and sent back. Here is what else one may want of them. A text that
 * is not of its form is a RangeError.
 */
import type { Base64, BigIntText, DecimalText, IsoDate, IsoDateTime } from "./tuples.ts";

const INSTANT = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d):(\d\d))$/;
const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;
const BIG_INT = /^-?\d{1,1000}$/;
const DECIMAL = /^(-?)(\d{1,500})(?:\.(\d{1,500}))?(?:[eE]([+-]?\d{1,4}))?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A point in time as a Date, which knows milliseconds only: the microseconds stay in the text. */
export function dateOf(text: IsoDateTime): Date {
  return new Date(Number(floorDivide(microsecondsOf(text), 1000n)));
}

/** A Date as it travels. */
export function isoDateTime(date: Date): IsoDateTime {
  return inFourDigitYears(date).toISOString();
}

/** A point in time exactly: microseconds since 1970 began in UTC. */
export function microsecondsOf(text: IsoDateTime): bigint {
  const [, day, time, fraction = "", sign, hours, minutes] = parts(INSTANT, text, "a point in time");
  const began = new Date(`${day}T${time}.000Z`);
  // Dates that do not exist would become others.
  if (Number.isNaN(began.getTime()) || began.toISOString() !== `${day}T${time}.000Z`) throw unfit(text, "a point in time");
  const offset = sign === undefined ? 0 : (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  return BigInt(began.getTime() - offset * 60_000) * 1000n + BigInt(fraction.padEnd(6, "0"));
}

/** The point in time so many microseconds after 1970 began, as it travels. */
export function instantAt(microseconds: bigint): IsoDateTime {
  const milliseconds = floorDivide(microseconds, 1000n);
  const rest = String(microseconds - milliseconds * 1000n).padStart(3, "0");
  return inFourDigitYears(new Date(Number(milliseconds))).toISOString().replace("Z", `${rest}Z`);
}

/** Negative when the first is earlier, positive when it is later, zero for the same instant, whatever the offsets. To sort with. */
export function compareInstants(one: IsoDateTime, other: IsoDateTime): number {
  return Number(microsecondsOf(one) - microsecondsOf(other));
}

/** Whether two texts are the same point in time: "…T12:00:00Z" and "…T14:00:00+02:00" are. */
export function sameInstant(one: IsoDateTime, other: IsoDateTime): boolean {
  return one === other || compareInstants(one, other) === 0;
}

/** A day as the Date at which it begins where this device is. A day has no time zone, so it is the same day for everybody. */
export function dayOf(text: IsoDate): Date {
  const [, year, month, day] = parts(DAY, text, "a day");
  const date = new Date(2000, 0, 1);
  date.setFullYear(Number(year), Number(month) - 1, Number(day));
  if (isoDate(date) !== text) throw unfit(text, "a day");
  return date;
}

/** The day of a Date where this device is, as it travels. */
export function isoDate(date: Date): IsoDate {
  return [inDigits(date.getFullYear(), 4), inDigits(date.getMonth() + 1, 2), inDigits(date.getDate(), 2)].join("-");
}

/** An integer of any size. */
export function bigIntOf(text: BigIntText): bigint {
  parts(BIG_INT, text, "an integer");
  return BigInt(text);
}

/** An integer of at most 1000 digits, as it travels. */
export function bigIntText(value: bigint): BigIntText {
  return parts(BIG_INT, String(value), "an integer of at most 1000 digits")[0];
}

/** The bytes in base64. */
export function bytesOf(text: Base64): Uint8Array {
  parts(BASE64, text, "base64");
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Bytes as they travel. */
export function base64(bytes: Uint8Array): Base64 {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/**
 * Negative when the first is less, positive when it is more, zero when both are equal, as "1.5" and "1.50" are. Exact, which numbers
 * are not: "0.1" as a number is not a tenth. To sort with.
 */
export function compareDecimals(one: DecimalText, other: DecimalText): number {
  const [a, b] = [decimal(one), decimal(other)];
  if (a.sign !== b.sign) return a.sign - b.sign;
  return a.sign * (a.magnitude - b.magnitude || compareDigits(a.digits, b.digits));
}

/** A decimal number is sign × 0.digits × 10^magnitude; zero has no sign. */
function decimal(text: DecimalText): { sign: number; magnitude: number; digits: string } {
  const [, minus, whole = "", fraction = "", exponent = "0"] = parts(DECIMAL, text, "a decimal number");
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return { sign: 0, magnitude: 0, digits };
  return { sign: minus === "-" ? -1 : 1, magnitude: digits.length - fraction.length + Number(exponent), digits };
}

function compareDigits(one: string, other: string): number {
  const length = Math.max(one.length, other.length);
  const [a, b] = [one.padEnd(length, "0"), other.padEnd(length, "0")];
  return a < b ? -1 : a > b ? 1 : 0;
}

function inDigits(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}

function inFourDigitYears(date: Date): Date {
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) throw new RangeError(`Expected a date within the years 1 to 9999, got ${String(date)}`);
  return date;
}

function parts(form: RegExp, text: string, what: string): RegExpExecArray {
  const found = form.exec(text);
  if (found === null) throw unfit(text, what);
  return found;
}

function unfit(text: string, what: string): RangeError {
  return new RangeError(`Expected ${what}, got ${JSON.stringify(text.slice(0, 40))}`);
}
