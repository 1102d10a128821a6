import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyJson, frame } from "../src/frames.ts";
import { answer, Scene, turns } from "./harness.ts";

test("a call carries its arguments and deadline, and resolves with the result", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const result = scene.client.call<number>("plugin.add", { a: 1, b: 2 }, { timeout: 5 });
  await turns();
  const call = socket.last("call");
  assert.equal(call.header["m"], "plugin.add");
  assert.equal(call.header["d"], 5);
  assert.deepEqual(bodyJson(call.body), { a: 1, b: 2 });
  await socket.reply(answer(call, { k: "res" }, 3));
  assert.equal(await result, 3);
});

test("answers find their calls in any order", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const one = scene.client.call("a.one", {});
  const two = scene.client.call("a.two", {});
  await turns();
  const [first, second] = socket.of("call");
  assert.ok(first && second);
  await socket.reply(answer(second, { k: "res" }, "two"), answer(first, { k: "res" }, "one"));
  assert.deepEqual(await Promise.all([one, two]), ["one", "two"]);
});

test("an error keeps its type, sentence and path", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const expected = { name: "PeekError", type: "BadRequest", message: "a number is expected", path: "$.a" };
  const result = assert.rejects(scene.client.call("a.b", {}), expected);
  await turns();
  const { name: _, ...error } = expected;
  await socket.reply(answer(socket.last("call"), { k: "err", e: error }));
  await result;
});

test("a call that is not answered in time fails and is cancelled on the other side", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const result = assert.rejects(scene.client.call("a.b", {}, { timeout: 2 }), { type: "DeadlineExceeded" });
  await scene.clock.advance(3_000);
  await result;
  assert.deepEqual(socket.headers("cancel"), [{ k: "cancel", i: socket.last("call").header["i"] }]);
});

test("aborting a call cancels it on the other side", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const abort = new AbortController();
  const result = assert.rejects(scene.client.call("a.b", {}, { signal: abort.signal }), { name: "AbortError" });
  await turns();
  abort.abort();
  await result;
  await turns();
  assert.equal(socket.headers("cancel").length, 1);
});

test("a call aborted before it is made is not sent", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  await assert.rejects(scene.client.call("a.b", {}, { signal: AbortSignal.abort() }), { name: "AbortError" });
  await turns();
  assert.equal(socket.of("call").length, 0);
});

test("without a link a call fails at once", async () => {
  const scene = new Scene();
  await assert.rejects(scene.client.call("a.b", {}), { type: "Unavailable" });
});

test("calls in flight fail at once when the link is lost", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const result = assert.rejects(scene.client.call("a.b", {}), { type: "LinkLost" });
  await turns();
  await socket.drop();
  await result;
});

test("a method that streams is refused, not half answered", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const result = assert.rejects(scene.client.call("a.b", {}), { type: "BadRequest" });
  await turns();
  await socket.reply(answer(socket.last("call"), { k: "item" }, 1));
  await result;
  assert.equal(socket.headers("cancel").length, 1);
});

test("an answer that is not JSON is an error", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const result = assert.rejects(scene.client.call("a.b", {}), { type: "TupleError" });
  await turns();
  await socket.reply(frame({ k: "res", i: socket.last("call").header["i"] ?? 0 }, new TextEncoder().encode("{")));
  await result;
});

test("a loader lists, saves and removes through calls", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const loader = scene.client.loader<{ name: string }>("plugin.Row");

  const listed = loader.list({ limit: 2, sort: [["name", "desc"]], filter: { name: "x" } });
  await turns();
  assert.equal(socket.last("call").header["m"], "peek.loader_list");
  assert.deepEqual(bodyJson(socket.last("call").body), { type: "plugin.Row", offset: 0, limit: 2, sort: [["name", "desc"]], filter: { name: "x" } });
  await socket.reply(answer(socket.last("call"), { k: "res" }, { total: 1, rows: [{ name: "x" }], versions: ["v1"] }));
  assert.deepEqual((await listed).versions, ["v1"]);

  const saved = assert.rejects(loader.save({ name: "y" }, "v1"), { type: "Conflict" });
  await turns();
  assert.deepEqual(bodyJson(socket.last("call").body), { type: "plugin.Row", row: { name: "y" }, version: "v1" });
  await socket.reply(answer(socket.last("call"), { k: "err", e: { type: "Conflict", message: "changed by somebody else" } }));
  await saved;

  const removed = loader.remove(7, "v1");
  await turns();
  assert.deepEqual(bodyJson(socket.last("call").body), { type: "plugin.Row", key: 7, version: "v1" });
  await socket.reply(answer(socket.last("call"), { k: "res" }));
  await removed;
});
