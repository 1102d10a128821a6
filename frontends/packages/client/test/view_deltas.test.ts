import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { memoryStorage } from "../src/device_storage.ts";
import { frame, jsonBody, packFrame, type Frame } from "../src/frames.ts";
import type { Json, JsonObject } from "../src/json.ts";
import { MOST_WAITING } from "../src/payload.ts";
import { answer, Scene, state, turns, until, type FakeSocket } from "./harness.ts";

const row = (n: number): Json => ({ n });
const AT = "2026-01-01T00:00:05Z";

/** One delta of the rows at a place: that one is gone and another comes. */
const replaced = (place: number, row: Json): Json => ({ t: "p.Row", gone: [place], rows: [[place, row]] });

/** A `delta` frame: deltas that lead from the state `base` to the state `dig`; those of `compressed` are. */
function delta(sub: Frame, base: string, dig: string, deltas: Json[], more: JsonObject = {}, compressed: boolean[] = []): Frame {
  const bodies = deltas.map((one, index) => (compressed[index] ? new Uint8Array(deflateSync(jsonBody(one))) : jsonBody(one)));
  const parts = bodies.map((body, index) => [body.length, compressed[index] ? 1 : 0]);
  const header = { k: "delta", i: sub.header["i"] ?? 0, t: "p.Row", epoch: "e1", rev: 2, dig, at: AT, base, parts, ...more };
  return frame(header, Buffer.concat(bodies));
}

const zipped = (plain: Frame): Frame => frame({ ...plain.header, z: 1 }, new Uint8Array(deflateSync(plain.body)));

function arrive(socket: FakeSocket, ...frames: Frame[]): void {
  for (const one of frames) socket.events.message(packFrame(one).slice().buffer as ArrayBuffer);
}

async function watching(): Promise<{ scene: Scene; socket: FakeSocket; sub: Frame; seen: ReturnType<Scene["observe"]> }> {
  const scene = new Scene();
  scene.clock.chance = 0;
  const socket = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  const sub = socket.last("sub");
  await socket.reply(state(sub, [row(0), row(1), row(2)]));
  return { scene, socket, sub, seen };
}

test("a delta changes the rows that it names, and the others stay the same objects", async () => {
  const { socket, sub, seen } = await watching();
  const before = seen.last.rows;
  await socket.reply(delta(sub, "d1", "d2", [replaced(1, row(9))]));
  assert.deepEqual(seen.last.rows, [row(0), row(9), row(2)]);
  assert.equal(seen.last.rows[0], before[0]);
  assert.equal(seen.last.rows[2], before[2]);
  assert.notEqual(seen.last.rows, before);
  assert.deepEqual([seen.last.status, seen.last.at?.toISOString()], ["live", "2026-01-01T00:00:05.000Z"]);
});

test("several deltas in a frame are applied one after the other, compressed or not", async () => {
  const { socket, sub, seen } = await watching();
  const deltas = [replaced(1, row(9)), { t: "p.Row", gone: [0], rows: [] }, replaced(1, row(7))];
  arrive(socket, delta(sub, "d1", "d4", deltas, {}, [true, false, true]));
  await until(() => seen.last.rows.length === 2, "the deltas are applied");
  assert.deepEqual(seen.last.rows, [row(9), row(7)]);
});

test("a page that returns names the state after the deltas, and may be answered with more of them", async () => {
  const { scene, socket, sub, seen } = await watching();
  await socket.reply(delta(sub, "d1", "d2", [replaced(1, row(9))]));
  await socket.drop();
  await scene.clock.advance(60_000);
  await scene.socket.welcome();
  const again = scene.socket.last("sub");
  assert.deepEqual(again.header["have"], ["e1", "d2"]);
  await scene.socket.reply(delta(again, "d2", "d3", [replaced(0, row(8))]));
  assert.deepEqual(seen.last.rows, [row(8), row(9), row(2)]);
});

test("deltas that come while a state is read are shown with it, and what was not shown is counted", async () => {
  const { socket, sub, seen } = await watching();
  const shown = seen.views.length;
  arrive(
    socket,
    zipped(state(sub, [row(4), row(5)], { digest: "d5" })),
    delta(sub, "d5", "d6", [replaced(0, row(6))], { skip: 2 }),
    delta(sub, "d6", "d7", [replaced(1, row(7))]),
  );
  await until(() => seen.last.rows[1] !== undefined && (seen.last.rows[1] as JsonObject)["n"] === 7, "the last delta is shown");
  assert.deepEqual(seen.last.rows, [row(6), row(7)]);
  assert.equal(seen.views.length, shown + 2, "the state, then both deltas at once");
  assert.equal(seen.last.skipped, 3);
});

test("a state that comes while deltas wait makes them needless", async () => {
  const { socket, sub, seen } = await watching();
  arrive(
    socket,
    zipped(state(sub, [row(4)], { digest: "d5" })),
    delta(sub, "d5", "d6", [replaced(0, row(6))]),
    answer(sub, { k: "same", epoch: "e1", rev: 2, dig: "d6", at: AT, skip: 1 }),
    state(sub, [row(8)], { digest: "d8" }),
  );
  await until(() => (seen.last.rows[0] as JsonObject)["n"] === 8, "the second state is shown");
  assert.equal(seen.last.skipped, 2);
});

test("freshness that comes with nothing new may count what was skipped", async () => {
  const { socket, sub, seen } = await watching();
  await socket.reply(answer(sub, { k: "same", epoch: "e1", rev: 3, dig: "d1", at: AT, skip: 1 }));
  assert.deepEqual([seen.last.skipped, seen.last.status], [1, "live"]);
});

for (const [what, make] of [
  ["a delta of a state that this page does not have", (sub: Frame) => delta(sub, "d0", "d2", [replaced(1, row(9))])],
  ["a delta that does not fit", (sub: Frame) => delta(sub, "d1", "d2", [replaced(5, row(9))])],
  ["a delta that is no JSON", (sub: Frame) => frame(delta(sub, "d1", "d2", ["x"]).header, new Uint8Array([1, 2, 3]))],
  ["a delta without parts", (sub: Frame) => frame({ ...delta(sub, "d1", "d2", []).header, parts: [] })],
  ["a `same` for another state", (sub: Frame) => answer(sub, { k: "same", epoch: "e1", rev: 2, dig: "d2", at: AT })],
] as const) {
  test(`${what} is not believed: the rows stay, and the state is asked for without a claim`, async () => {
    const { scene, socket, sub, seen } = await watching();
    await socket.reply(make(sub));
    await until(() => seen.last.status === "stale", "the rows are doubted");
    assert.deepEqual([seen.last.rows, seen.last.reason], [[row(0), row(1), row(2)], "Checking for changes"]);
    assert.deepEqual(socket.headers("unsub"), [{ k: "unsub", i: sub.header["i"] }]);
    await scene.clock.advance(2_000);
    const again = socket.last("sub");
    assert.notEqual(again.header["i"], sub.header["i"]);
    assert.equal(again.header["have"], undefined);
    await socket.reply(state(again, [row(3)], { digest: "d3" }));
    assert.deepEqual([seen.last.status, seen.last.rows], ["live", [row(3)]]);
    await socket.drop();
    await scene.clock.advance(60_000);
    await scene.socket.welcome();
    assert.deepEqual(scene.socket.last("sub").header["have"], ["e1", "d3"], "later the claim is made again");
  });
}

test("a page that falls too far behind asks for the state instead", async () => {
  const { socket, sub, seen } = await watching();
  arrive(socket, zipped(state(sub, [row(0)], { digest: "d0" })));
  for (let n = 0; n <= MOST_WAITING; n += 1) arrive(socket, delta(sub, `d${n}`, `d${n + 1}`, [replaced(0, row(n + 1))]));
  await turns();
  assert.equal(socket.of("unsub").length, 1);
  assert.equal(seen.last.status, "stale");
});

test("what is kept on the device after deltas is the rows as they are", async () => {
  const storage = memoryStorage();
  const earlier = new Scene({ storage });
  const socket = await earlier.live();
  const watched = earlier.observe("p.Row");
  await turns();
  await socket.reply(zipped(state(socket.last("sub"), [row(0), row(1)])));
  await until(() => watched.last.status === "live", "the state is read");
  await socket.reply(delta(socket.last("sub"), "d1", "d2", [replaced(1, row(9))]));
  earlier.wake("hidden");
  await turns();
  earlier.client.stop();

  const scene = new Scene({ storage, small: earlier.small });
  const seen = scene.observe("p.Row");
  await scene.live();
  await until(() => scene.socket.of("sub").length === 1, "the kept rows are read");
  const sub = scene.socket.last("sub");
  assert.deepEqual(sub.header["have"], ["e1", "d2"]);
  await scene.socket.reply(delta(sub, "d2", "d3", [replaced(0, row(5))]));
  await until(() => seen.last.status === "live", "the delta is applied to the kept rows");
  assert.deepEqual(seen.last.rows, [row(5), row(9)]);
});

test("a state that is still being read when its view is refused is never shown", async () => {
  const { socket, sub, seen } = await watching();
  arrive(
    socket,
    zipped(state(sub, ["secret"], { digest: "d9" })),
    answer(sub, { k: "err", e: { type: "NotAllowed", message: "p.Row needs the role admin" } }),
  );
  await turns();
  await turns();
  assert.deepEqual([seen.last.status, seen.last.rows], ["error", []]);
  assert.ok(seen.views.every(({ rows }) => !rows.includes("secret")));
});

test("every subscription has a trace of its own", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  scene.observe("p.Row", { a: 1 });
  scene.observe("p.Row", { a: 2 });
  await turns();
  const traces = socket.headers("sub").map(({ tr }) => String(tr));
  for (const trace of traces) assert.match(trace, /^[0-9a-f]{16}$/);
  assert.equal(new Set(traces).size, 2);
});
