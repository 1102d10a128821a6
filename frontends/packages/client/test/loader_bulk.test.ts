import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import { PeekError } from "../src/index.ts";
import { bodyJson, frame, jsonBody } from "../src/frames.ts";
import type { JsonObject } from "../src/json.ts";
import { answer, Scene, turns, until, type FakeSocket } from "./harness.ts";

const REPORT = { new: 1, changed: 0, unchanged: 0, refused: 0, lines: [], token: "t", applied: false };

async function loading() {
  const scene = new Scene();
  const socket = await scene.live();
  return { scene, socket, loader: scene.client.loader<JsonObject>("plugin.Row") };
}

const asked = (socket: FakeSocket): JsonObject => bodyJson(socket.last("call").body) as JsonObject;

test("many rows are saved with their versions, and removed", async () => {
  const { socket, loader } = await loading();
  const saved = loader.saveAll([{ n: 1 }, { n: 2 }], ["v1", null]);
  await turns();
  assert.deepEqual(asked(socket), { type: "plugin.Row", rows: [{ n: 1 }, { n: 2 }], versions: ["v1", null] });
  await socket.reply(answer(socket.last("call"), { k: "res" }, { rows: [], versions: [], errors: [{ row: 1, kind: "Rejected", message: "no", field: "n" }] }));
  assert.equal((await saved).errors[0]?.field, "n");
  const removed = loader.removeAll([1, 2], ["v1", "v2"]);
  await turns();
  assert.deepEqual(asked(socket), { type: "plugin.Row", keys: [1, 2], versions: ["v1", "v2"] });
  await socket.reply(answer(socket.last("call"), { k: "res" }, []));
  assert.deepEqual(await removed, []);
});

test("an export is put together from its pieces, and asks for more as it takes them", async () => {
  const { socket, loader } = await loading();
  const exported = loader.exportCsv({ filter: { n: 1 } });
  await turns();
  assert.deepEqual(asked(socket), { type: "plugin.Row", sort: [], filter: { n: 1 }, bom: true, guarded: true });
  const call = socket.last("call");
  assert.equal(call.header["w"], 16);
  for (let piece = 0; piece < 20; piece += 1) await socket.reply(answer(call, { k: "item" }, `${piece}\r\n`));
  assert.deepEqual(socket.headers("more"), [8, 16].map(() => ({ k: "more", n: 8, i: call.header["i"] })));
  await socket.reply(answer(call, { k: "res" }));
  const file = await exported;
  assert.equal(file.type, "text/csv;charset=utf-8");
  assert.equal(await file.text(), Array.from({ length: 20 }, (_, piece) => `${piece}\r\n`).join(""));
});

test("an export that fails half way is no file", async () => {
  const { socket, loader } = await loading();
  const failed = assert.rejects(loader.exportCsv(), /too many/);
  await turns();
  const call = socket.last("call");
  await socket.reply(answer(call, { k: "item" }, "a\r\n"));
  await socket.reply(answer(call, { k: "err", e: { type: "BadRequest", message: "too many" } }));
  await failed;
});

test("an item that is not JSON ends the stream on both sides", async () => {
  const { socket, loader } = await loading();
  const failed = assert.rejects(loader.exportCsv(), (error: unknown) => error instanceof PeekError && error.type === "TupleError");
  await turns();
  const call = socket.last("call");
  await socket.reply(frame({ k: "item", i: call.header["i"] ?? 0 }, new TextEncoder().encode("{")));
  await failed;
  assert.deepEqual(socket.headers("cancel"), [{ k: "cancel", i: call.header["i"] }]);
});

test("a file is sent compressed, first to be looked at and then to be applied", async () => {
  const { socket, loader } = await loading();
  const file = new Blob(["n\r\n1\r\n"]);
  const said = loader.importCsv(file);
  await until(() => socket.of("call").length === 1, "the file is sent");
  const { data, ...rest } = asked(socket);
  assert.deepEqual(rest, { type: "plugin.Row", compressed: true, token: null });
  assert.equal(inflateSync(Buffer.from(String(data), "base64")).toString(), "n\r\n1\r\n");
  await socket.reply(answer(socket.last("call"), { k: "res" }, REPORT));
  assert.deepEqual(await said, REPORT);
  const done = loader.importCsv(file, "t");
  await until(() => socket.of("call").length === 2, "it is sent again");
  assert.equal(asked(socket)["token"], "t");
  await socket.reply(answer(socket.last("call"), { k: "res" }, { ...REPORT, applied: true }));
  assert.equal((await done).applied, true);
});

test("a conflict brings the row as it is now", async () => {
  const { socket, loader } = await loading();
  const failed = assert.rejects(loader.save({ n: 1 }, "v1"), (error: unknown) => {
    assert.ok(error instanceof PeekError);
    assert.deepEqual([error.type, error.message, error.details], ["Conflict", "Changed.", { row: { n: 2 }, version: "v2", fields: ["n"] }]);
    return true;
  });
  await turns();
  const e = { type: "Conflict", message: "Changed.", row: { n: 2 }, version: "v2", fields: ["n"] };
  await socket.reply(frame({ k: "err", i: socket.last("call").header["i"] ?? 0, e }, jsonBody(null)));
  await failed;
});
