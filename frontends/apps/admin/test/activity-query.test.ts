import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionRecord } from "@peek/client";
import { PAGE, activityQuery, contentOf, detailOf, isFiltered, outcomeOf, recordQuery, whoOf } from "../activity-query.ts";
import { texts } from "../texts.ts";

function record(changes: Partial<ActionRecord> = {}): ActionRecord {
  return {
    kind: "person",
    who: "anna",
    device: "d1",
    id: "a1",
    key: "",
    seq: 4,
    missing_from: null,
    type: "p.SetLimit",
    content: "{}",
    size: 2,
    made: "2026-11-22T11:00:00Z",
    at: "2026-11-22T11:00:01Z",
    outcome: "applied",
    message: "",
    runs: 1,
    ...changes,
  };
}

test("an empty address asks for the newest of everything", () => {
  assert.deepEqual(activityQuery({}), { who: "", device: "", type: "", outcome: null, since: null, until: null, id: "", offset: 0, limit: PAGE });
  assert.equal(isFiltered({ open: "a1", offset: "50" }), false);
});

test("days are the reader's own, and the last one is included", () => {
  const { since, until } = activityQuery({ from: "2026-11-22", until: "2026-11-22" });
  assert.equal(since, new Date(2026, 10, 22).toISOString());
  assert.equal(until, new Date(2026, 10, 23).toISOString());
});

test("what is no day, no outcome and no place in the list is left out", () => {
  const { since, outcome, offset } = activityQuery({ from: "yesterday", outcome: "fine", offset: "-5" });
  assert.deepEqual([since, outcome, offset], [null, null, 0]);
});

test("an action is found by its name as it is shown", () => {
  assert.equal(activityQuery({ type: "Set limit" }).type, "Setlimit");
  assert.equal(isFiltered({ type: "x" }), true);
});

test("one record is asked for by its id, whatever the filters", () => {
  assert.deepEqual(recordQuery("a1"), { ...activityQuery({}), id: "a1", limit: 1 });
});

test("the worst of what became of an action is its word", () => {
  assert.equal(outcomeOf(record()).word, texts.outcomeApplied);
  assert.equal(outcomeOf(record({ runs: 2 })).word, "Done 2 times");
  assert.equal(outcomeOf(record({ runs: 2, missing_from: 3 })).word, texts.outcomeAfterGap);
  assert.deepEqual(outcomeOf(record({ outcome: "rejected", missing_from: 3 })), { kind: "danger", word: texts.outcomeRejected });
});

test("the list tells why an action was refused, or else what was sent", () => {
  assert.equal(detailOf(record({ message: "The valve is locked.", content: '{"id":1}' })), "The valve is locked.");
  assert.equal(detailOf(record({ content: '{"_t":"p.SetLimit","id":7,"name":"pump","on":null}' })), "id 7 · name pump · on null");
  assert.equal(detailOf(record({ content: '{"cut":"sh' })), '{"cut":"sh');
});

test("a service is told from a person of the same name", () => {
  assert.equal(whoOf(record()), "anna");
  assert.equal(whoOf(record({ kind: "service", who: "agent-1" })), "agent-1 (service)");
});

test("content is laid out where it is whole, and shown as it is where it is cut", () => {
  assert.deepEqual(contentOf(record({ content: '{"a":1}', size: 7 })), { text: '{\n  "a": 1\n}', whole: true });
  assert.deepEqual(contentOf(record({ content: '{"a":"ä', size: 9000 })), { text: '{"a":"ä', whole: false });
});
