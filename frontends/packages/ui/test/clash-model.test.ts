import assert from "node:assert/strict";
import { test } from "node:test";
import { clashFields, merged, proposed, type Clash } from "../src/data/clash-model.ts";

const FIELDS = ["id", "name", "place", "note", "tags"].map((key) => ({ key, label: key.toUpperCase(), fixed: key === "id" }));
const CLASH: Clash = {
  read: { id: 1, name: "a", place: "hall", note: "", tags: ["x"], hidden: 1 },
  mine: { id: 1, name: "b", place: "hall", note: "mine", tags: ["x"], hidden: 1 },
  theirs: { id: 1, name: "a", place: "roof", note: "theirs", tags: ["x"], hidden: 2 },
  version: "v2",
};

test("fields in which the two differ say who changed them", () => {
  assert.deepEqual(
    clashFields(CLASH, FIELDS).map(({ key, by }) => [key, by]),
    [
      ["name", "mine"],
      ["place", "theirs"],
      ["note", "both"],
    ],
  );
});

test("whoever alone changed a field has it; the rest is for the reader", () => {
  assert.deepEqual(proposed(clashFields(CLASH, FIELDS)), { name: "mine", place: "theirs" });
});

test("the choices make a row of theirs and mine; what the form does not show stays theirs", () => {
  const fields = clashFields(CLASH, FIELDS);
  assert.deepEqual(merged(CLASH, fields, { name: "mine", place: "theirs", note: "mine" }), {
    id: 1,
    name: "b",
    place: "roof",
    note: "mine",
    tags: ["x"],
    hidden: 2,
  });
});

test("both having made the same change is no clash, and neither is a row that is gone", () => {
  assert.deepEqual(clashFields({ ...CLASH, theirs: { ...CLASH.mine } }, FIELDS), []);
  assert.deepEqual(clashFields({ ...CLASH, theirs: null }, FIELDS), []);
});
