import assert from "node:assert/strict";
import { test } from "node:test";
import { cellOf, cellText, filterRows, parseSort, sortRows, sortText, visibleWindow, type Column } from "../src/data/table-model.ts";

interface Feeder {
  name: string;
  load: number | null;
  open: boolean;
}

const rows: Feeder[] = [
  { name: "Feeder 10", load: 3, open: false },
  { name: "feeder 2", load: null, open: true },
  { name: "Substation", load: 12, open: false },
];
const columns: Column<Feeder>[] = [
  { key: "name", title: "Name" },
  { key: "load", title: "Load", numeric: true },
  { key: "open", title: "Open" },
];
const names = (list: readonly Feeder[]): string[] => list.map((row) => row.name);

test("every word of the filter must occur, in any column and any case", () => {
  assert.deepEqual(names(filterRows(rows, columns, "FEEDER yes")), ["feeder 2"]);
  assert.deepEqual(names(filterRows(rows, columns, "feeder 12")), []);
  assert.deepEqual(names(filterRows(rows, columns, "  ")), names(rows));
});

test("numbers in names sort as numbers", () => {
  assert.deepEqual(names(sortRows(rows, columns, { key: "name", descending: false })), ["feeder 2", "Feeder 10", "Substation"]);
});

test("empty cells come last in both directions", () => {
  assert.deepEqual(names(sortRows(rows, columns, { key: "load", descending: false })), ["Feeder 10", "Substation", "feeder 2"]);
  assert.deepEqual(names(sortRows(rows, columns, { key: "load", descending: true })), ["Substation", "Feeder 10", "feeder 2"]);
});

test("sorting leaves the given rows as they were, and a column that is gone sorts nothing", () => {
  const before = names(rows);
  sortRows(rows, columns, { key: "name", descending: true });
  assert.deepEqual(names(rows), before);
  assert.deepEqual(names(sortRows(rows, columns, { key: "gone", descending: false })), before);
});

test("a column's own value goes before the field", () => {
  assert.equal(cellOf({ key: "name", title: "", value: (row: Feeder) => row.name.length }, rows[0] as Feeder), 9);
});

test("cells are words, and nothing is a dash", () => {
  assert.deepEqual([true, false, null, "", 0].map(cellText), ["Yes", "No", "–", "–", "0"]);
});

test("a sort survives its way through the address", () => {
  for (const sort of [null, { key: "name", descending: false }, { key: "name", descending: true }]) {
    assert.deepEqual(parseSort(sortText(sort)), sort);
  }
});

test("the window covers what is in sight and some around it, and never leaves the rows", () => {
  const window = visibleWindow(10_000, 36, 36_000, 720);
  assert.ok(window.from <= 1000 && window.from >= 980);
  assert.ok(window.to >= 1020 && window.to <= 1040);
  assert.deepEqual(visibleWindow(5, 36, 0, 720), { from: 0, to: 5 });
  assert.deepEqual(visibleWindow(5, 36, 99_999, 720), { from: 4, to: 5 });
  assert.deepEqual(visibleWindow(0, 36, 0, 720), { from: 0, to: 0 });
});
