import assert from "node:assert/strict";
import { test } from "node:test";
import { PeekError } from "@peek/client";
import { faultMessage } from "../page-faults.ts";

function thrownAt(address: string): Error {
  const error = new Error("x is undefined");
  error.stack = `Error: x is undefined\n    at onClick (https://peek.example${address}:3:5)`;
  return error;
}

test("a refusal that a page did not catch is shown in its own words", () => {
  assert.equal(faultMessage(new PeekError("NotAllowed", "Only an administrator may do this."), "", "a"), "Only an administrator may do this.");
});

test("a fault is shown when it comes from the plugin that is shown", () => {
  assert.equal(faultMessage(thrownAt("/p/a/h1/main.js"), "", "a"), "x is undefined");
  assert.equal(faultMessage(undefined, "https://peek.example/p/a/h1/main.js", "a"), "undefined");
});

test("a fault of anything else is not blamed on the plugin", () => {
  assert.equal(faultMessage(thrownAt("/p/b/h1/main.js"), "", "a"), null);
  assert.equal(faultMessage(thrownAt("/assets/lit.js"), "", "a"), null);
});
