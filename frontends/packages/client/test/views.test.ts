import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { memoryStorage } from "../src/device_storage.ts";
import { frame, packFrame, type Frame } from "../src/frames.ts";
import type { Json, JsonObject } from "../src/json.ts";
import { answer, Scene, state, turns, until } from "./harness.ts";

const message = (one: Frame): ArrayBuffer => packFrame(one).buffer as ArrayBuffer;

const zipped = (sub: Frame, rows: Json[], more: JsonObject = {}): Frame => {
  const plain = state(sub, rows, more);
  return frame({ ...plain.header, z: 1 }, new Uint8Array(deflateSync(plain.body)));
};

test("a view is loading, then live with its rows", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const seen = scene.observe("p.Row", { key: "a" });
  assert.equal(seen.last.status, "loading");
  await turns();
  const sub = socket.last("sub");
  assert.deepEqual([sub.header["t"], sub.header["s"], sub.header["have"]], ["p.Row", { key: "a" }, undefined]);
  await socket.reply(state(sub, [{ n: 1 }]));
  assert.equal(seen.last.status, "live");
  assert.deepEqual(seen.last.rows, [{ n: 1 }]);
  assert.equal(seen.last.at?.toISOString(), "2026-01-01T00:00:00.000Z");
});

test("equal selectors share one subscription, whatever the order of their keys", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const one = scene.observe("p.Row", { a: 1, b: 2 });
  const two = scene.observe("p.Row", { b: 2, a: 1 });
  await turns();
  assert.equal(socket.of("sub").length, 1);
  await socket.reply(state(socket.last("sub"), [1]));
  const late = scene.observe("p.Row", { a: 1, b: 2 });
  for (const seen of [one, two, late]) assert.deepEqual(seen.last.rows, [1]);
  assert.equal(socket.of("sub").length, 1);
});

test("a view stays subscribed for a moment after the last listener left, then ends", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  scene.observe("p.Row").stop();
  await scene.clock.advance(4_000);
  const back = scene.observe("p.Row");
  await scene.clock.advance(4_000);
  assert.equal(socket.of("unsub").length, 0);
  assert.equal(socket.of("sub").length, 1);
  back.stop();
  back.stop();
  await scene.clock.advance(5_000);
  assert.deepEqual(socket.headers("unsub"), [{ k: "unsub", i: socket.last("sub").header["i"] }]);
});

test("compressed states are read in the order in which they came", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  const sub = socket.last("sub");
  socket.events.message(message(zipped(sub, [1])));
  socket.events.message(message(state(sub, [2], { digest: "d2" })));
  await until(() => seen.last.rows[0] === 2, "the second state is shown");
  await turns();
  const shown = seen.views.filter(({ rows }) => rows.length > 0).map(({ rows }) => rows[0]);
  assert.deepEqual(shown, [1, 2]);
});

test("states that wait while another is read are replaced by the newest, and counted", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  const sub = socket.last("sub");
  for (const n of [1, 2, 3, 4]) socket.events.message(message(zipped(sub, [n])));
  await until(() => seen.last.rows[0] === 4, "the newest state is shown");
  assert.deepEqual(seen.views.filter(({ rows }) => rows.length > 0).map(({ rows }) => rows[0]), [1, 4]);
  assert.equal(seen.last.skipped, 2);
});

test("states that were skipped on the way are counted too", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  await socket.reply(state(socket.last("sub"), [1], { skip: 3 }));
  await socket.reply(state(socket.last("sub"), [2], { skip: 1 }));
  assert.equal(seen.last.skipped, 4);
});

test("a relay's stale mark is shown with its reason, and goes when it is fresh again", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  const sub = socket.last("sub");
  await socket.reply(state(sub, [1], { stale: { since: "2026-01-01T00:00:00Z", reason: "The server is away" } }));
  assert.deepEqual([seen.last.status, seen.last.reason], ["stale", "The server is away"]);
  const { rows } = seen.last;
  await socket.reply(answer(sub, { k: "same", epoch: "e1", rev: 1, dig: "d1", at: "2026-01-01T00:01:00Z" }));
  assert.deepEqual([seen.last.status, seen.last.reason], ["live", ""]);
  assert.equal(seen.last.rows, rows, "the rows are the same array");
});

test("a lost link leaves the rows, stale with the reason; the next one is asked with what is there", async () => {
  const scene = new Scene();
  const first = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  await first.reply(state(first.last("sub"), [1]));
  await first.drop(1012, "restart");
  assert.equal(seen.last.status, "stale");
  assert.match(seen.last.reason, /restart/);
  assert.deepEqual(seen.last.rows, [1]);

  await scene.clock.advance(1_000);
  await scene.socket.welcome();
  const sub = scene.socket.last("sub");
  assert.deepEqual(sub.header["have"], ["e1", "d1"]);
  await scene.socket.reply(answer(sub, { k: "same", epoch: "e1", rev: 1, dig: "d1", at: "2026-01-01T00:02:00Z" }));
  assert.equal(seen.last.status, "live");
  assert.deepEqual(seen.last.rows, [1]);
});

test("without a link and with nothing kept a view says so, and loads when the link comes", async () => {
  const scene = new Scene();
  const seen = scene.observe("p.Row");
  scene.client.start();
  assert.equal(seen.last.status, "loading");
  await scene.socket.drop();
  assert.equal(seen.last.status, "error");
  assert.match(seen.last.error, /not kept on this device/);
  await scene.clock.advance(1_000);
  await scene.socket.welcome();
  assert.equal(seen.last.status, "loading");
  await scene.socket.reply(state(scene.socket.last("sub"), []));
  assert.equal(seen.last.status, "live");
});

test("kept rows are shown offline, and named to the server later", async () => {
  const storage = memoryStorage();
  let kept = false;
  const write = storage.states.write.bind(storage.states);
  storage.states.write = async (state) => {
    await write(state);
    kept = true;
  };
  const earlier = new Scene({ storage });
  const socket = await earlier.live();
  earlier.observe("p.Row");
  await turns();
  await socket.reply(zipped(socket.last("sub"), ["kept"]));
  await until(() => kept, "the state is kept");
  earlier.client.stop();

  const scene = new Scene({ storage, small: earlier.small });
  const seen = scene.observe("p.Row");
  scene.client.start();
  await scene.socket.drop();
  await until(() => seen.last.status === "stale", "the kept rows are shown");
  assert.deepEqual(seen.last.rows, ["kept"]);
  await scene.clock.advance(1_000);
  await scene.socket.welcome();
  assert.deepEqual(scene.socket.last("sub").header["have"], ["e1", "d1"]);
});

test("kept rows wait a blink for the server before they are shown on a live link", async () => {
  const storage = memoryStorage();
  const earlier = new Scene({ storage });
  const socket = await earlier.live();
  earlier.observe("p.Row");
  await turns();
  await socket.reply(state(socket.last("sub"), ["kept"]));

  const scene = new Scene({ storage, small: earlier.small });
  await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  assert.deepEqual(scene.socket.last("sub").header["have"], ["e1", "d1"]);
  assert.equal(seen.last.status, "loading");
  await scene.clock.advance(300);
  assert.deepEqual([seen.last.status, seen.last.reason, seen.last.rows[0]], ["stale", "Checking for changes", "kept"]);
  await scene.socket.reply(answer(scene.socket.last("sub"), { k: "same", epoch: "e1", rev: 1, dig: "d1", at: "2026-01-01T00:01:00Z" }));
  assert.deepEqual([seen.last.status, seen.last.rows[0]], ["live", "kept"]);
});

test("what was kept for one person is not shown to another", async () => {
  const storage = memoryStorage();
  const earlier = new Scene({ storage });
  const socket = await earlier.live();
  earlier.observe("p.Row");
  await turns();
  await socket.reply(state(socket.last("sub"), ["anna's"]));

  const scene = new Scene({ storage, small: earlier.small });
  const seen = scene.observe("p.Row");
  await scene.live({ kind: "person", name: "ben", title: "Ben", roles: [] });
  await scene.clock.advance(1_000);
  assert.deepEqual(seen.last.rows, []);
  assert.equal(scene.socket.last("sub").header["have"], undefined);
});

test("rows on the screen go when somebody else signs in", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  await socket.reply(state(socket.last("sub"), ["anna's"]));
  await socket.drop();
  await scene.clock.advance(1_000);
  await scene.socket.welcome({ kind: "person", name: "ben", title: "Ben", roles: [] });
  assert.deepEqual([seen.last.status, seen.last.rows.length], ["loading", 0]);
  assert.equal(scene.socket.last("sub").header["have"], undefined);
});

test("signing out forgets what was kept", async () => {
  const storage = memoryStorage();
  const scene = new Scene({ storage, fetch: async () => new Response("{}") });
  const socket = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  await socket.reply(state(socket.last("sub"), ["secret"]));
  assert.ok(await storage.states.read("anna\np.Row\n{}"));
  await scene.client.session.signOut();
  await turns();
  assert.equal(scene.client.connection.state, "signed-out");
  assert.deepEqual(seen.last.rows, []);
  assert.equal(await storage.states.read("anna\np.Row\n{}"), undefined);
});

test("an error that may pass is asked about again with growing delays", async () => {
  const scene = new Scene();
  scene.clock.chance = 0.999;
  const socket = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  await socket.reply(answer(socket.last("sub"), { k: "err", e: { type: "Unavailable", message: "The agent is away" } }));
  assert.deepEqual([seen.last.status, seen.last.error], ["error", "The agent is away"]);
  await scene.clock.advance(990);
  assert.equal(socket.of("sub").length, 1);
  await scene.clock.advance(10);
  assert.equal(socket.of("sub").length, 2);
  await socket.reply(answer(socket.last("sub"), { k: "err", e: { type: "Unavailable", message: "The agent is away" } }));
  await scene.clock.advance(1_990);
  assert.equal(socket.of("sub").length, 2);
  await scene.clock.advance(10);
  assert.equal(socket.of("sub").length, 3);
});

test("a refusal is final, drops the rows, and is asked about again only by a new listener", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  await socket.reply(state(socket.last("sub"), ["secret"]));
  await socket.reply(answer(socket.last("sub"), { k: "err", e: { type: "NotAllowed", message: "p.Row needs the role admin" } }));
  assert.deepEqual([seen.last.status, seen.last.rows.length], ["error", 0]);
  await scene.clock.advance(9_000);
  assert.equal(socket.of("sub").length, 1);

  seen.stop();
  const again = scene.observe("p.Row");
  await turns();
  assert.equal(socket.of("sub").length, 2);
  assert.equal(again.last.status, "loading");
});

test("a claim that this page cannot keep is asked again without it", async () => {
  const scene = new Scene();
  scene.clock.chance = 0;
  const socket = await scene.live();
  scene.observe("p.Row");
  await turns();
  await socket.reply(answer(socket.last("sub"), { k: "same", epoch: "e9", rev: 1, dig: "d9", at: "2026-01-01T00:00:00Z" }));
  await scene.clock.advance(0);
  assert.equal(socket.of("unsub").length, 1);
  assert.equal(socket.of("sub").length, 2);
});

test("rows that cannot be read are an error, and the next state mends it", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  const sub = socket.last("sub");
  await socket.reply(frame({ ...state(sub, []).header, z: 1 }, new Uint8Array([1, 2, 3])));
  await until(() => seen.last.status === "error", "the error is shown");
  await socket.reply(state(sub, [1]));
  assert.deepEqual([seen.last.status, seen.last.error, seen.last.rows], ["live", "", [1]]);
});

test("a selector that changes all the time is written at most every two seconds, the last one always", async () => {
  const storage = memoryStorage();
  const digests: string[] = [];
  const { states } = storage;
  const scene = new Scene({
    storage: {
      ...storage,
      states: {
        read: (key) => states.read(key),
        write: async (kept) => void digests.push(kept.digest),
        forget: (principal) => states.forget(principal),
      },
    },
  });
  const socket = await scene.live();
  scene.observe("p.Row");
  await turns();
  for (const digest of ["a", "b", "c"]) await socket.reply(state(socket.last("sub"), [digest], { digest }));
  assert.deepEqual(digests, ["a"]);
  await scene.clock.advance(2_000);
  assert.deepEqual(digests, ["a", "c"]);
  await socket.reply(state(socket.last("sub"), ["d"], { digest: "d" }));
  scene.wake("hidden");
  await turns();
  assert.deepEqual(digests, ["a", "c", "d"]);
});

test("a device that cannot keep rows says so, and the page works on", async () => {
  const storage = memoryStorage();
  const broken = { ...storage, durable: true, reason: "", states: { ...storage.states, read: async () => undefined, write: async () => Promise.reject(new Error("disk full")), forget: async () => {} } };
  const scene = new Scene({ storage: broken });
  const socket = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  assert.equal(scene.client.durability.durable, true);
  await socket.reply(state(socket.last("sub"), [1]));
  assert.equal(seen.last.status, "live");
  assert.equal(scene.client.durability.durable, false);
  assert.match(scene.client.durability.reason, /disk full/);
});
