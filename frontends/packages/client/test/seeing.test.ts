import assert from "node:assert/strict";
import { test } from "node:test";
import { frame } from "../src/frames.ts";
import type { Json } from "../src/json.ts";
import { includes } from "../src/snapshot.ts";
import { answer, Scene, state, turns, type FakeSocket } from "./harness.ts";
import vectors from "./snapshots.json" with { type: "json" };

const VIEW = { type: "t.Row", selector: {} };

/** A page that observes a view, and an action of it that was applied as transaction 15. */
async function tapped(seen = "10:10:"): Promise<{ scene: Scene; socket: FakeSocket; said: boolean[]; see: () => void }> {
  const scene = new Scene();
  const socket = await scene.live();
  scene.observe(VIEW.type);
  await turns();
  await socket.reply(state(socket.last("sub"), [1], { seen }));
  const acted = scene.client.act("t.Act", {});
  await turns();
  await socket.reply(answer(socket.last("act"), { k: "ack", status: "applied", tx: "15" }));
  const result = await acted;
  const said: boolean[] = [];
  return { scene, socket, said, see: () => void result.seenBy(VIEW).then((told) => said.push(told)) };
}

const same = (socket: FakeSocket, more: Record<string, Json>) =>
  frame({ k: "same", i: socket.last("sub").header["i"] ?? 0, epoch: "e1", rev: 1, dig: "d1", at: "2026-01-01T00:00:01Z", ...more });

for (const { seen, tx, includes: expected } of vectors.cases) {
  test(`the snapshot ${seen || "of nobody"} ${expected ? "includes" : "does not include"} ${tx}`, () => {
    assert.equal(includes(seen, tx), expected);
  });
}

test("a view knows what it includes", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const seen = scene.observe(VIEW.type);
  assert.equal(seen.last.includes({ tx: "9" }), false, "nothing is there yet");
  await turns();
  await socket.reply(state(socket.last("sub"), [1], { seen: "10:10:" }));
  assert.deepEqual([seen.last.includes({ tx: "9" }), seen.last.includes({ tx: "10" }), seen.last.includes({ tx: "" })], [true, false, false]);
});

test("what the view includes already is told without asking", async () => {
  const { socket, said, see } = await tapped("20:20:");
  see();
  await turns();
  assert.deepEqual(said, [true]);
  assert.deepEqual(socket.headers("see"), []);
});

test("the server is asked once, and the answer may be that the rows are the same", async () => {
  const { socket, said, see } = await tapped();
  see();
  see();
  await turns();
  assert.deepEqual(socket.headers("see"), [{ k: "see", tx: "15", i: socket.last("sub").header["i"] }]);
  await socket.reply(same(socket, { seen: "15:16:15" }));
  assert.deepEqual(said, [], "it was still running");
  await socket.reply(same(socket, { seen: "16:16:" }));
  assert.deepEqual(said, [true, true]);
  assert.equal(socket.headers("see").length, 1);
});

test("a state with other rows tells it too", async () => {
  const { socket, said, see } = await tapped();
  see();
  await turns();
  await socket.reply(state(socket.last("sub"), [2], { digest: "d2", rev: 2, seen: "16:16:" }));
  assert.deepEqual(said, [true]);
});

test("after a lost link the server is asked again, once it has answered the new subscription", async () => {
  const { scene, socket: first, said, see } = await tapped();
  await first.drop();
  see();
  await scene.clock.advance(1_000);
  const second = scene.socket;
  await second.welcome();
  await turns();
  assert.deepEqual(second.headers("see"), []);
  await second.reply(same(second, { seen: "12:12:" }));
  assert.equal(second.headers("see").length, 1);
  await second.reply(same(second, { seen: "16:16:" }));
  assert.deepEqual(said, [true]);
});

test("rows that were read in no snapshot cannot tell", async () => {
  const { socket, said, see } = await tapped("");
  see();
  await turns();
  assert.deepEqual([said, socket.headers("see")], [[false], []]);
});

test("a view that fails or that nobody observes any more cannot tell", async () => {
  const failing = await tapped();
  failing.see();
  await failing.socket.reply(frame({ k: "err", i: failing.socket.last("sub").header["i"] ?? 0, e: { type: "NotAllowed", message: "no" } }));
  assert.deepEqual(failing.said, [false]);
  const stopped = await tapped();
  stopped.see();
  stopped.scene.client.stop();
  await turns();
  assert.deepEqual(stopped.said, [false]);
  stopped.see();
  await turns();
  assert.deepEqual(stopped.said, [false, false]);
});

test("a rejected action is in no view", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  scene.observe(VIEW.type);
  const acted = scene.client.act("t.Act", {});
  await turns();
  await socket.reply(answer(socket.last("act"), { k: "ack", status: "rejected", message: "no", tx: "15" }));
  assert.equal(await (await acted).seenBy(VIEW), false);
});
