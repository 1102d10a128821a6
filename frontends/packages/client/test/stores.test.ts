/** What the client relies on in its stores, on each of them: memory, and IndexedDB. */
import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStateCache, STATES_KEPT, type KeptState, type StateCache } from "../src/cache.ts";
import { openDeviceDatabase } from "../src/indexed_db.ts";
import { MemoryOutboxStore, type OutboxDraft, type OutboxStore } from "../src/outbox_store.ts";

interface Stores {
  outbox: OutboxStore;
  states: StateCache;
  close(): void;
}

const kinds: Record<string, () => Promise<Stores>> = {
  memory: async () => ({ outbox: new MemoryOutboxStore(), states: new MemoryStateCache(), close: () => {} }),
  IndexedDB: () => {
    globalThis.indexedDB = new IDBFactory();
    return openDeviceDatabase();
  },
};

const draft = (id: string, more: Partial<OutboxDraft> = {}): OutboxDraft => ({
  id,
  device: "d",
  principal: "anna",
  type: "p.Add",
  body: "{}",
  key: "",
  made: "2026-01-01T00:00:00Z",
  version: 1,
  ...more,
});

const kept = (key: string, written: number, principal = "anna"): KeptState => ({
  key,
  principal,
  epoch: "e",
  digest: "d",
  at: "2026-01-01T00:00:00Z",
  compressed: false,
  body: new Uint8Array([1, 2]),
  written,
});

for (const [kind, open] of Object.entries(kinds)) {
  test(`${kind}: entries stay in the order in which they were added`, async () => {
    const { outbox, close } = await open();
    await Promise.all(["a", "b", "c"].map((id) => outbox.add(draft(id))));
    assert.deepEqual((await outbox.all()).map(({ id }) => id), ["a", "b", "c"]);
    close();
  });

  test(`${kind}: sequences count per order key and never start over`, async () => {
    const { outbox, close } = await open();
    const sequence = async (id: string, key: string): Promise<number> => (await outbox.add(draft(id, { key }))).sequence;
    assert.deepEqual([await sequence("a", "x"), await sequence("b", "x"), await sequence("c", "y")], [1, 2, 1]);
    await outbox.remove("a");
    await outbox.remove("b");
    assert.equal(await sequence("d", "x"), 3);
    close();
  });

  test(`${kind}: two people on one device are counted apart`, async () => {
    const { outbox, close } = await open();
    await outbox.add(draft("a"));
    assert.equal((await outbox.add(draft("b", { principal: "ben" }))).sequence, 1);
    close();
  });

  test(`${kind}: what is pending of a key is numbered anew, and what is added later after it`, async () => {
    const { outbox, close } = await open();
    const first = await outbox.add(draft("bad"));
    for (const id of ["a", "b"]) await outbox.add(draft(id));
    await outbox.add(draft("other", { key: "x" }));
    await outbox.settle("bad", "rejected", "no");
    await outbox.renumber(first, 8);
    await outbox.add(draft("c"));
    assert.deepEqual((await outbox.all()).map(({ id, sequence }) => [id, sequence]), [["bad", 1], ["a", 8], ["b", 9], ["other", 1], ["c", 10]]);
    close();
  });

  test(`${kind}: the first pending entry of a key is the oldest that is neither rejected nor somebody else's`, async () => {
    const { outbox, close } = await open();
    await outbox.add(draft("ben's", { principal: "ben", key: "x" }));
    await outbox.add(draft("bad", { key: "x" }));
    await outbox.add(draft("good", { key: "x" }));
    await outbox.add(draft("other", { key: "y" }));
    await outbox.settle("bad", "rejected", "no such meter");
    assert.equal((await outbox.firstPending("anna", "x"))?.id, "good");
    assert.equal(await outbox.firstPending("anna", "z"), undefined);
    assert.deepEqual(await outbox.pendingKeys("anna"), ["x", "y"]);
    assert.deepEqual(await outbox.pendingKeys("ben"), ["x"]);
    assert.deepEqual((await outbox.all()).find(({ id }) => id === "bad")?.message, "no such meter");
    close();
  });

  test(`${kind}: removing or rejecting what is not there changes nothing`, async () => {
    const { outbox, close } = await open();
    await outbox.add(draft("a"));
    await outbox.remove("z");
    await outbox.settle("z", "rejected", "never");
    assert.deepEqual((await outbox.all()).map(({ id, status }) => [id, status]), [["a", "pending"]]);
    close();
  });

  test(`${kind}: a state is read as it was written, the latest one`, async () => {
    const { states, close } = await open();
    assert.equal(await states.read("k"), undefined);
    await states.write(kept("k", 1));
    await states.write({ ...kept("k", 2), digest: "newer" });
    assert.deepEqual(await states.read("k"), { ...kept("k", 2), digest: "newer" });
    close();
  });

  test(`${kind}: the states written longest ago make room`, async () => {
    const { states, close } = await open();
    for (let n = 0; n < STATES_KEPT; n += 1) await states.write(kept(`k${n}`, n));
    await states.write(kept("k0", STATES_KEPT));
    await states.write(kept("one more", STATES_KEPT + 1));
    assert.ok(await states.read("k0"));
    assert.equal(await states.read("k1"), undefined);
    assert.ok(await states.read("k2"));
    close();
  });

  test(`${kind}: forgetting a person leaves the others' states`, async () => {
    const { states, close } = await open();
    await states.write(kept("a", 1));
    await states.write(kept("b", 2, "ben"));
    await states.forget("anna");
    assert.equal(await states.read("a"), undefined);
    assert.ok(await states.read("b"));
    close();
  });
}

test("IndexedDB: what was added is there when the database is opened again", async () => {
  globalThis.indexedDB = new IDBFactory();
  const first = await openDeviceDatabase();
  await first.outbox.add(draft("a"));
  first.close();
  const second = await openDeviceDatabase();
  assert.deepEqual((await second.outbox.all()).map(({ id }) => id), ["a"]);
  second.close();
});
