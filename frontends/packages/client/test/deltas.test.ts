import assert from "node:assert/strict";
import { test } from "node:test";
import { applyDelta } from "../src/delta.ts";
import { PeekError } from "../src/errors.ts";
import type { Json } from "../src/json.ts";
import vectors from "./deltas.json" with { type: "json" };

for (const { name, old, delta, new: wanted } of vectors.valid) {
  test(`a delta leads to the new rows, and leaves the old ones as they are: ${name}`, () => {
    const rows: Json[] = old;
    const before = structuredClone(rows);
    assert.deepEqual(applyDelta(rows, delta as Json), wanted);
    assert.deepEqual(rows, before);
  });
}

for (const { name, delta, path } of vectors.refused) {
  test(`a delta that does not fit is refused: ${name}`, () => {
    assert.throws(
      () => applyDelta(vectors.rows, delta as Json),
      (error) => error instanceof PeekError && error.type === "TupleError" && error.path === path,
    );
  });
}

test("rows that stayed are the same objects", () => {
  const rows = vectors.rows as Json[];
  const after = applyDelta(rows, { gone: [1, 6], rows: [[0, "new"], [3, "other"]] });
  assert.deepEqual(after.length, rows.length);
  const stayed = [0, 2, 3, 4, 5, 7];
  for (const [index, row] of after.filter((row) => typeof row === "object").entries()) assert.equal(row, rows[stayed[index] as number]);
});
