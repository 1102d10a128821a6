import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, bytes, duration, number, percent, plural, stamp, time, toDate } from "../src/format.ts";

const NARROW = "\u202f";
const now = new Date(2026, 10, 22, 12, 3, 10);

test("a figure carries its unit after a narrow space", () => {
  assert.equal(number(42.25, 1, "kV"), `42.3${NARROW}kV`);
});

test("what is absent or no number is a dash, never NaN", () => {
  for (const show of [number, bytes, percent, duration]) {
    for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) assert.equal(show(value), "–");
  }
  assert.equal(time(null), "–");
  assert.equal(time("no date"), "–");
  assert.equal(ago(undefined), "–");
  assert.equal(stamp(null), "");
});

test("bytes take the largest binary unit that keeps them above one", () => {
  assert.equal(bytes(0), `0${NARROW}B`);
  assert.equal(bytes(1023), `1,023${NARROW}B`);
  assert.equal(bytes(1536), `1.5${NARROW}KiB`);
  assert.equal(bytes(500 * 1024 ** 2), `500${NARROW}MiB`);
  assert.equal(bytes(3 * 1024 ** 5), `3,072${NARROW}TiB`);
});

test("a percentage is measured from 0 to 100", () => {
  assert.equal(percent(42.51, 1), `42.5${NARROW}%`);
  assert.equal(percent(100), `100${NARROW}%`);
});

test("a duration is said in its two largest units", () => {
  assert.equal(duration(0.85), `850${NARROW}ms`);
  assert.equal(duration(12.4), `12${NARROW}s`);
  assert.equal(duration(185), `3${NARROW}min 5${NARROW}s`);
  assert.equal(duration(7200), `2${NARROW}h`);
  assert.equal(duration(7800), `2${NARROW}h 10${NARROW}min`);
  assert.equal(duration(4 * 86400 + 3 * 3600), `4${NARROW}d 3${NARROW}h`);
  assert.equal(duration(-3600), `-1${NARROW}h`);
});

test("a time of today is the clock, one of another day begins with the date", () => {
  assert.equal(time(new Date(2026, 10, 22, 9, 5, 7), now), "09:05:07");
  assert.equal(time(new Date(2026, 10, 21, 23, 59, 59), now), "Nov 21 23:59");
  assert.equal(time(new Date(2025, 10, 21, 0, 0, 0), now), "Nov 21, 2025 00:00");
});

test("how long ago is said in the largest unit", () => {
  const before = (seconds: number): string => ago(new Date(now.getTime() - seconds * 1000), now);
  assert.equal(before(10), "just now");
  assert.equal(before(50), `1${NARROW}min ago`);
  assert.equal(before(300), `5${NARROW}min ago`);
  assert.equal(before(3 * 3600), `3${NARROW}h ago`);
  assert.equal(before(2 * 86400), `2${NARROW}d ago`);
});

test("a count agrees with its noun", () => {
  assert.equal(plural(1, "service"), "1 service");
  assert.equal(plural(0, "service"), "0 services");
  assert.equal(plural(3, "person", "people"), "3 people");
});

test("dates come from ISO 8601 text", () => {
  assert.equal(toDate("2026-11-22T12:03:10+02:00")?.toISOString(), "2026-11-22T10:03:10.000Z");
  assert.equal(toDate("yesterday"), null);
  assert.equal(toDate(""), null);
});
