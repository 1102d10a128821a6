import assert from "node:assert/strict";
import { test } from "node:test";
import {
  base64,
  bigIntOf,
  bigIntText,
  bytesOf,
  compareDecimals,
  compareInstants,
  dateOf,
  dayOf,
  instantAt,
  isoDate,
  isoDateTime,
  microsecondsOf,
  sameInstant,
} from "../src/values.ts";
import { type Form, read, see, write } from "./forms.ts";
import vectors from "./tuples.json" with { type: "json" };

for (const { name, form, payload, sees } of vectors.values) {
  test(`sees: ${name}`, () => {
    const travelled = JSON.parse(payload).rows[0].value;
    const value = read(form as Form, travelled);
    assert.deepEqual(see(form as Form, value), sees);
    assert.deepEqual(see(form as Form, read(form as Form, write(form as Form, value))), sees);
  });
}

const sign = (difference: number): number => Math.sign(difference) + 0;

for (const [what, groups, compare] of [
  ["instants", vectors.instants, compareInstants],
  ["decimals", vectors.decimals, compareDecimals],
] as const) {
  test(`${what} are compared by what they mean`, () => {
    const all = groups.flatMap((texts, rank) => texts.map((text) => ({ text, rank })));
    for (const one of all) {
      for (const other of all) {
        assert.equal(sign(compare(one.text, other.text)), sign(one.rank - other.rank), `${one.text} and ${other.text}`);
      }
    }
  });
}

test("instants of the same moment are the same, whatever their text", () => {
  assert.ok(sameInstant("2026-07-01T08:00:00Z", "2026-07-01T10:00:00.000000+02:00"));
  assert.ok(!sameInstant("2026-07-01T08:00:00Z", "2026-07-01T08:00:00.000001Z"));
});

test("a Date is the millisecond in which an instant lies", () => {
  assert.equal(dateOf("2026-07-01T08:30:15.123999+02:00").toISOString(), "2026-07-01T06:30:15.123Z");
  assert.equal(dateOf("1969-12-31T23:59:59.999999Z").getTime(), -1);
  assert.equal(isoDateTime(new Date(Date.UTC(2026, 6, 1, 8, 30, 15, 120))), "2026-07-01T08:30:15.120Z");
  assert.equal(instantAt(-1n), "1969-12-31T23:59:59.999999Z");
  assert.equal(instantAt(microsecondsOf("0001-01-01T00:00:00Z")), "0001-01-01T00:00:00.000000Z");
});

test("a day begins where the device is", () => {
  const day = dayOf("2026-03-29");
  assert.deepEqual([day.getFullYear(), day.getMonth(), day.getDate()], [2026, 2, 29]);
  assert.equal(isoDate(new Date(2026, 11, 31, 23, 59)), "2026-12-31");
});

test("what is not of its form is refused", () => {
  const wrong: (() => unknown)[] = [
    () => microsecondsOf("2026-07-01T08:30:15"),
    () => microsecondsOf("2026-02-30T00:00:00Z"),
    () => microsecondsOf("2026-07-01T24:00:00Z"),
    () => microsecondsOf("yesterday"),
    () => isoDateTime(new Date(Number.NaN)),
    () => instantAt(-(10n ** 18n)),
    () => dayOf("2026-02-30"),
    () => dayOf("2026-2-3"),
    () => bigIntOf("0x10"),
    () => bigIntOf(""),
    () => bigIntText(10n ** 1000n),
    () => bytesOf("aGk"),
    () => bytesOf("a Gk="),
    () => compareDecimals("1,5", "1"),
    () => compareDecimals("1", "NaN"),
  ];
  for (const attempt of wrong) assert.throws(attempt, RangeError, String(attempt));
});

test("many bytes are no trouble", () => {
  const bytes = new Uint8Array(300_000).map((_, index) => index * 7);
  assert.deepEqual(bytesOf(base64(bytes)), bytes);
});
