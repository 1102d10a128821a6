import assert from "node:assert/strict";
import { test } from "node:test";
import { align, axisRange, figure, lastReading, summary, tickLabels, type Series } from "../src/chart-data.ts";

const NARROW = "\u202f";
const series = (times: number[], values: (number | null)[]): Series => ({ label: "Load", unit: "%", times, values });

test("a series is not interrupted by the times of another one", () => {
  const { seconds, columns } = align([series([1, 3], [10, 30]), series([2], [20])]);
  assert.deepEqual(seconds, [1, 2, 3]);
  assert.deepEqual(columns, [
    [10, undefined, 30],
    [undefined, 20, undefined],
  ]);
});

test("a null stays a gap, and a long pause becomes one", () => {
  assert.deepEqual(align([series([1, 2, 3], [1, null, 3])]).columns, [[1, null, 3]]);
  assert.deepEqual(align([series([1, 2, 60], [1, 2, 3])], 5), { seconds: [1, 2, 7, 60], columns: [[1, 2, null, 3]] });
});

test("the last reading is the last that is no gap", () => {
  assert.deepEqual(lastReading(series([1, 2, 3], [5, 6, null])), { time: 2, value: 6 });
  assert.equal(lastReading(series([1], [null])), null);
});

test("figures carry their unit, bytes the binary unit that fits", () => {
  assert.equal(figure(42.25, "%"), `42.3${NARROW}%`);
  assert.equal(figure(1536, "B/s"), `1.5${NARROW}KiB/s`);
  assert.equal(figure(0, "B"), `0${NARROW}B`);
  assert.equal(figure(0.5, "B"), `0.5${NARROW}B`);
  assert.equal(figure(null, "%"), "–");
});

test("the summary says what an eye would see", () => {
  assert.equal(
    summary([series([1, 2, 3], [5, 1, 3])], [{ label: "Warning", value: 4, kind: "warning" }]),
    `Load: last 3${NARROW}%, lowest 1${NARROW}%, highest 5${NARROW}%, 3 values. Warning at 4${NARROW}%.`,
  );
  assert.equal(summary([series([], [])], []), "Load: no values.");
});

test("ticks say seconds only when they are that close, and the day at midnight", () => {
  const midnight = new Date(2026, 10, 22).getTime() / 1000;
  assert.deepEqual(tickLabels([midnight, midnight + 60], 60), ["Nov 22", "00:01"]);
  assert.deepEqual(tickLabels([midnight + 5], 5), ["00:00:05"]);
  assert.deepEqual(tickLabels([midnight], 86400), ["Nov 22"]);
});

test("an axis shows every threshold, has air, and keeps its zero line", () => {
  assert.deepEqual(axisRange(10, 50, [100]), [2.8, 107.2]);
  assert.deepEqual(axisRange(1, 100, []), [0, 107.92]);
  const [low, high] = axisRange(5, 5, []);
  assert.ok(low < 5 && high > 5);
  const [none, some] = axisRange(null, null, []);
  assert.ok(none < some);
});

test("a long series has a range too", () => {
  const many = Array.from({ length: 300_000 }, (_, index) => index);
  assert.match(summary([series(many, many)], []), /highest 299,999/);
});
