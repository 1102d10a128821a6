import assert from "node:assert/strict";
import { test } from "node:test";
import { sparkLines } from "../src/data/spark-lines.ts";

test("a gap parts the line in two", () => {
  assert.deepEqual(sparkLines([0, 10, null, 10, 0]), ["0,22 25,2", "75,2 100,22"]);
});

test("a constant figure is a level line, and no figure is no line", () => {
  assert.deepEqual(sparkLines([5, 5, 5]), ["0,22 50,22 100,22"]);
  assert.deepEqual(sparkLines([null, null]), []);
});
