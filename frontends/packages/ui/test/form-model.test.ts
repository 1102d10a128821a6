import assert from "node:assert/strict";
import { test } from "node:test";
import { isDirty, readInputs, toInputs, type FormField, type Inputs } from "../src/data/form-model.ts";
import { texts } from "../src/texts.ts";

const fields: FormField[] = [
  { key: "id", label: "Id", fixed: true },
  { key: "name", label: "Name" },
  { key: "count", label: "Count", kind: "int", minimum: 1, maximum: 10 },
  { key: "factor", label: "Factor", kind: "float", optional: true },
  { key: "serial", label: "Serial", kind: "bigint", optional: true },
  { key: "on", label: "On", kind: "bool" },
];
const row = { id: 7, name: "North", count: 3, factor: 1.5, serial: "9007199254740993", on: true };
const typed = (changes: Inputs): Inputs => ({ ...toInputs(fields, row), ...changes });

test("an untouched form reads back as the row it was filled from", () => {
  assert.deepEqual(readInputs(fields, toInputs(fields, row), row), { values: row, errors: {} });
});

test("a fixed field keeps the value of the row whatever the input says", () => {
  assert.equal(readInputs(fields, typed({ id: "99" }), row).values["id"], 7);
});

test("an optional field left empty is null, a needed one is an error", () => {
  const read = readInputs(fields, typed({ factor: "", name: "  " }), row);
  assert.equal(read.values["factor"], null);
  assert.deepEqual(read.errors, { name: texts.required });
});

test("whole numbers refuse fractions, words and what lies outside their range", () => {
  const error = (count: string): string | undefined => readInputs(fields, typed({ count }), row).errors["count"];
  assert.equal(error("2.5"), texts.notWhole);
  assert.equal(error("many"), texts.notNumber);
  assert.equal(error("0"), texts.tooSmall("1"));
  assert.equal(error("11"), texts.tooLarge("10"));
  assert.equal(error("10"), undefined);
});

test("a decimal comma is understood", () => {
  assert.equal(readInputs(fields, typed({ factor: "2,5" }), row).values["factor"], 2.5);
});

test("large integers stay text, digit for digit", () => {
  assert.equal(readInputs(fields, typed({ serial: "12345678901234567890" }), row).values["serial"], "12345678901234567890");
  assert.equal(readInputs(fields, typed({ serial: "1e9" }), row).errors["serial"], texts.notWhole);
});

test("blanks around a text are dropped, those of a password are kept", () => {
  const secret: FormField[] = [{ key: "word", label: "Word", kind: "password" }];
  assert.equal(readInputs(fields, typed({ name: " South " }), row).values["name"], "South");
  assert.equal(readInputs(secret, { word: " x " }, {}).values["word"], " x ");
});

test("a form is dirty only while it differs", () => {
  const clean = toInputs(fields, row);
  assert.equal(isDirty(clean, clean), false);
  assert.equal(isDirty(typed({ name: "South" }), clean), true);
  assert.equal(isDirty(typed({ on: true }), clean), false);
});
