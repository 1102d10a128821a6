import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStorage, type DeviceStorage } from "../src/device_storage.ts";
import { bodyJson, type Frame } from "../src/frames.ts";
import type { Json } from "../src/json.ts";
import { MemoryOutboxStore } from "../src/outbox_store.ts";
import type { Tabs } from "../src/tabs.ts";
import { answer, Scene, state, turns } from "./harness.ts";

const applied = (act: Frame, result: Json = null): Frame => answer(act, { k: "ack", status: "applied" }, result);
const bodies = (acts: Frame[]): Json[] => acts.map(({ body }) => bodyJson(body));

test("an action on a live link is sent at once and resolves with the handler's result", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const result = scene.client.act("p.Add", { by: 2 }, { key: "meter-7" });
  await turns();
  const act = socket.last("act");
  const { t, dev, seq, key, id, made } = act.header;
  assert.deepEqual([t, seq, key, made], ["p.Add", 1, "meter-7", "2026-01-01T00:00:00.000Z"]);
  assert.equal(dev, scene.small.getItem("peek.device"));
  assert.match(String(id), /^[0-9a-f]{32}$/);
  assert.deepEqual(bodyJson(act.body), { by: 2 });
  assert.equal(scene.client.pending()[0]?.status, "sending");
  await socket.reply(applied(act, { total: 5 }));
  assert.deepEqual(await result, { status: "applied", message: "", result: { total: 5 }, tx: "" });
  assert.deepEqual(scene.client.pending(), []);
});

test("actions made offline are sent in order, one key after the other, before views are resumed", async () => {
  const scene = new Scene();
  const first = await scene.live();
  const seen = scene.observe("p.Row");
  await turns();
  await first.reply(state(first.last("sub"), []));
  await first.drop();
  for (const n of [1, 2, 3]) void scene.client.act("p.Add", { n });
  await turns();
  assert.deepEqual(scene.client.pending().map(({ status }) => status), ["pending", "pending", "pending"]);

  await scene.clock.advance(1_000);
  await scene.socket.welcome();
  for (const n of [1, 2, 3]) {
    assert.deepEqual(bodies(scene.socket.of("act")), Array.from({ length: n }, (_, at) => ({ n: at + 1 })), "each waits for the answer before");
    assert.equal(scene.socket.of("sub").length, 0);
    await scene.socket.reply(applied(scene.socket.last("act")));
  }
  assert.deepEqual(scene.socket.headers("act").map((header) => header["seq"]), [1, 2, 3]);
  assert.equal(scene.socket.of("sub").length, 1);
  assert.equal(seen.last.status, "stale");
});

test("views do not wait longer than two seconds for the outbox", async () => {
  const scene = new Scene();
  scene.observe("p.Row");
  scene.client.start();
  await scene.socket.welcome();
  await scene.socket.drop();
  void scene.client.act("p.Add", {});
  await scene.clock.advance(1_000);
  await scene.socket.welcome();
  assert.equal(scene.socket.of("act").length, 1);
  assert.equal(scene.socket.of("sub").length, 0);
  await scene.clock.advance(2_000);
  assert.equal(scene.socket.of("sub").length, 1);
});

test("different keys do not wait for one another", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  for (const key of ["a", "b", "a"]) void scene.client.act("p.Add", { key }, { key });
  await turns();
  assert.deepEqual(bodies(socket.of("act")), [{ key: "a" }, { key: "b" }]);
});

test("an action whose answer was lost with the link is sent again with the same id", async () => {
  const scene = new Scene();
  const first = await scene.live();
  const result = scene.client.act("p.Add", { by: 1 });
  await turns();
  const sent = first.last("act").header;
  await first.drop();
  assert.equal(scene.client.pending()[0]?.status, "pending");
  await scene.clock.advance(1_000);
  await scene.socket.welcome();
  const again = scene.socket.last("act");
  for (const name of ["id", "dev", "seq", "key", "made"]) assert.equal(again.header[name], sent[name], name);
  await scene.socket.reply(applied(again));
  assert.equal((await result).status, "applied");
});

test("an action that a server never answers is sent again after 30 s", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  void scene.client.act("p.Add", {});
  for (let seconds = 0; seconds < 30; seconds += 5) {
    await scene.clock.advance(5_000);
    await socket.reply({ header: { k: "pong", n: 1 }, body: new Uint8Array() });
  }
  await scene.clock.advance(0);
  const ids = socket.headers("act").map((header) => header["id"]);
  assert.equal(ids.length, 2);
  assert.equal(ids[0], ids[1]);
});

test("a rejected action keeps the reason until it is dismissed, and does not hold up those behind it", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const bad = scene.client.act("p.Add", { n: "bad" });
  const good = scene.client.act("p.Add", { n: "good" });
  await turns();
  await socket.reply(answer(socket.last("act"), { k: "ack", status: "rejected", message: "There is no such meter" }));
  assert.deepEqual(await bad, { status: "rejected", message: "There is no such meter", result: null, tx: "" });
  await socket.reply(applied(socket.last("act")));
  await good;

  const [kept] = scene.client.pending();
  assert.deepEqual([kept?.status, kept?.message, kept?.action], ["rejected", "There is no such meter", { n: "bad" }]);
  let told = 0;
  scene.client.addEventListener("outbox", () => (told += 1));
  await scene.client.dismiss(kept?.id ?? "");
  assert.deepEqual(scene.client.pending(), []);
  assert.equal(told, 1);
});

test("an action that may still be applied is not dismissed", async () => {
  const scene = new Scene();
  await scene.live();
  void scene.client.act("p.Add", {});
  await turns();
  await scene.client.dismiss(scene.client.pending()[0]?.id ?? "");
  assert.equal(scene.client.pending().length, 1);
});

test("retry waits as long as the server asks, and holds only its own key", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  void scene.client.act("p.Add", { n: 1 }, { key: "a" });
  await turns();
  await socket.reply(answer(socket.last("act"), { k: "ack", status: "retry", after: 5 }));
  void scene.client.act("p.Add", { n: 2 }, { key: "b" });
  await scene.clock.advance(4_999);
  assert.deepEqual(bodies(socket.of("act")), [{ n: 1 }, { n: 2 }]);
  await scene.clock.advance(1);
  assert.deepEqual(bodies(socket.of("act")), [{ n: 1 }, { n: 2 }, { n: 1 }]);
});

test("errors that pass are tried again, others reject the action", async () => {
  const scene = new Scene();
  scene.clock.chance = 0.999;
  const socket = await scene.live();
  const result = scene.client.act("p.Add", {});
  await turns();
  await socket.reply(answer(socket.last("act"), { k: "err", e: { type: "Unavailable", message: "not now" } }));
  await scene.clock.advance(1_000);
  assert.equal(socket.of("act").length, 2);
  await socket.reply(answer(socket.last("act"), { k: "err", e: { type: "NotAllowed", message: "needs the role dispatcher" } }));
  assert.deepEqual(await result, { status: "rejected", message: "needs the role dispatcher", result: null, tx: "" });
});

test("an action whose number has been passed is numbered anew, with those behind it, and sent at once", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  for (const n of [1, 2]) void scene.client.act("p.Add", { n });
  await turns();
  const sent = socket.last("act").header;
  await socket.reply(answer(socket.last("act"), { k: "ack", status: "retry", after: 0, expected: 8, message: "passed" }));
  assert.deepEqual([socket.last("act").header["id"], socket.last("act").header["seq"]], [sent["id"], 8]);
  await socket.reply(applied(socket.last("act")));
  assert.equal(socket.last("act").header["seq"], 9);
  void scene.client.act("p.Add", { n: 3 });
  await turns();
  await socket.reply(applied(socket.last("act")));
  assert.equal(socket.last("act").header["seq"], 10);
});

test("a number that is expected again and again does not spin", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  void scene.client.act("p.Add", {});
  await turns();
  await socket.reply(answer(socket.last("act"), { k: "ack", status: "retry", after: 5, expected: 1 }));
  assert.equal(socket.of("act").length, 1);
});

test("actions that never reached the server are told, and the one behind them stays until that has been seen", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const result = scene.client.act("p.Add", { n: 4 });
  await turns();
  await socket.reply(answer(socket.last("act"), { k: "ack", status: "applied", missing: [2, 3] }));
  assert.equal((await result).status, "applied");
  const [noticed] = scene.client.pending();
  assert.equal(noticed?.status, "noticed");
  assert.match(noticed?.message ?? "", /^The 2 changes before this one never reached the server/);
  await scene.client.dismiss(noticed?.id ?? "");
  assert.deepEqual(scene.client.pending(), []);
});

test("an action keeps the version of its form from the moment of the tap", async () => {
  const storage = memoryStorage();
  const earlier = new Scene({ storage });
  await earlier.live();
  await earlier.socket.drop();
  void earlier.client.act("p.Add", { by: 1 }, { version: 2 });
  void earlier.client.act("p.Other", { by: 1 }, { key: "other" });
  await turns();
  earlier.client.stop();
  const scene = new Scene({ storage, small: earlier.small });
  const socket = await scene.live();
  assert.deepEqual(socket.headers("act").map((header) => header["v"]), [2, undefined]);
});

test("sign-in parks the link and keeps the action for the person who made it", async () => {
  const scene = new Scene({ fetch: async () => new Response("{}") });
  const socket = await scene.live();
  const result = scene.client.act("p.Add", { by: 1 });
  await turns();
  await socket.reply(answer(socket.last("act"), { k: "ack", status: "sign-in", message: "Your session has ended" }));
  assert.equal(scene.client.connection.state, "signed-out");
  assert.equal(scene.client.connection.reason, "Your session has ended");

  await scene.client.session.signIn("ben", "a long password");
  await scene.socket.welcome({ kind: "person", name: "ben", title: "Ben", roles: [] });
  assert.equal(scene.socket.of("act").length, 0);
  const [held] = scene.client.pending();
  assert.deepEqual([held?.status, held?.principal], ["held", "anna"]);

  await scene.client.session.signIn("anna", "a long password");
  await scene.socket.welcome();
  await scene.socket.reply(applied(scene.socket.last("act")));
  assert.equal((await result).status, "applied");
});

test("nobody's action is not accepted", async () => {
  const scene = new Scene();
  await assert.rejects(scene.client.act("p.Add", {}), { type: "NotAllowed" });
});

test("an action outlives the page that made it", async () => {
  const storage = memoryStorage();
  const earlier = new Scene({ storage });
  await earlier.live();
  await earlier.socket.drop();
  void earlier.client.act("p.Add", { by: 1 });
  await turns();
  earlier.client.stop();

  const scene = new Scene({ storage, small: earlier.small });
  const socket = await scene.live();
  assert.deepEqual(bodies(socket.of("act")), [{ by: 1 }]);
});

test("an action that could not be kept is not accepted", async () => {
  const outbox = new MemoryOutboxStore();
  outbox.add = () => Promise.reject(new Error("disk full"));
  const scene = new Scene({ storage: { ...memoryStorage(), outbox } });
  const socket = await scene.live();
  await assert.rejects(scene.client.act("p.Add", {}), { type: "Unavailable", message: /not be kept/ });
  assert.match(scene.client.durability.reason, /disk full/);
  assert.equal(socket.of("act").length, 0);
});

test("an action that is too large for the wire is rejected, with the sizes", async () => {
  const scene = new Scene();
  await scene.live();
  const result = await scene.client.act("p.Add", { text: "x".repeat(2 * 1024 * 1024) });
  assert.equal(result.status, "rejected");
  assert.match(result.message, /2049 KiB .* 1024 KiB/);
});

test("a browser that keeps nothing says so", async () => {
  const scene = new Scene({ storage: memoryStorage() });
  await turns();
  assert.equal(scene.client.durability.durable, false);
  assert.match(scene.client.durability.reason, /lost when the page is closed/);
});

test("of two tabs one sends at a time, and the other's promise resolves all the same", async () => {
  const browser = new FakeBrowser();
  const one = new Scene({ storage: browser.tab() });
  const two = new Scene({ storage: browser.tab(), small: one.small });
  const [first, second] = [await one.live(), await two.live()];
  // The second tab has no link, so what it accepts must leave through the first.
  await second.drop();
  const result = two.client.act("p.Add", { from: 2 });
  await turns();
  assert.deepEqual(bodies(first.of("act")), [{ from: 2 }]);
  assert.equal(one.client.pending().length, 1);
  await first.reply(applied(first.last("act"), "done"));
  assert.deepEqual(await result, { status: "applied", message: "", result: "done", tx: "" });
  assert.deepEqual([one.client.pending(), two.client.pending()], [[], []]);
});

test("when the tab that sends loses its link, the other takes over", async () => {
  const browser = new FakeBrowser();
  const one = new Scene({ storage: browser.tab() });
  const two = new Scene({ storage: browser.tab(), small: one.small });
  const [first, second] = [await one.live(), await two.live()];
  void one.client.act("p.Add", { n: 1 });
  await turns();
  assert.equal(first.of("act").length, 1);
  assert.equal(second.of("act").length, 0, "the lock keeps the second tab out");
  await first.drop();
  assert.deepEqual(bodies(second.of("act")), [{ n: 1 }]);
  assert.equal(second.last("act").header["id"], first.last("act").header["id"]);
});

/** Two tabs of one browser: a shared store, one lock, one channel. */
class FakeBrowser {
  private readonly outbox = new MemoryOutboxStore();
  private readonly listeners = new Set<(message: Json) => void>();
  private turn: Promise<void> = Promise.resolve();

  tab(): DeviceStorage {
    const heard = new Set<(message: Json) => void>();
    const tabs: Tabs = {
      alone: (work) => (this.turn = this.turn.then(work)),
      tell: (message) => {
        for (const listener of this.listeners) if (!heard.has(listener)) queueMicrotask(() => listener(message));
      },
      hear: (listener) => {
        heard.add(listener);
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
    };
    return { ...memoryStorage(), outbox: this.outbox, tabs, durable: true, reason: "" };
  }
}
