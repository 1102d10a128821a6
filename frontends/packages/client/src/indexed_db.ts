/**
 * The device's own database (IndexedDB): the outbox, written through to the disk before an action counts as accepted, and the states
 * that are kept for offline use, one record each.
 */
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import { STATES_KEPT, type KeptState, type StateCache } from "./cache.ts";
import type { OutboxDraft, OutboxEntry, OutboxStore } from "./outbox_store.ts";

interface Schema extends DBSchema {
  outbox: {
    key: number;
    value: OutboxEntry;
    indexes: { id: string; lane: [string, string, string] };
  };
  sequences: { key: Counter; value: number };
  states: { key: string; value: KeptState; indexes: { written: number; principal: string } };
}

/** Device, person and order key. */
type Counter = [string, string, string];
type Database = IDBPDatabase<Schema>;

const NAME = "peek";
const VERSION = 1;

/** Opens, and makes on first use, the database of this site. Rejects where the browser keeps nothing. */
export async function openDeviceDatabase(): Promise<{ outbox: OutboxStore; states: StateCache; close(): void }> {
  const database: Database = await openDB<Schema>(NAME, VERSION, {
    upgrade(made) {
      const outbox = made.createObjectStore("outbox", { keyPath: "position", autoIncrement: true });
      outbox.createIndex("id", "id", { unique: true });
      outbox.createIndex("lane", ["principal", "status", "key"]);
      made.createObjectStore("sequences");
      const states = made.createObjectStore("states", { keyPath: "key" });
      states.createIndex("written", "written");
      states.createIndex("principal", "principal");
    },
    // A tab with a newer version waits for this one to let go.
    blocking: () => database.close(),
  });
  return { outbox: new IndexedOutbox(database), states: new IndexedStates(database), close: () => database.close() };
}

class IndexedOutbox implements OutboxStore {
  constructor(private readonly database: Database) {}

  async add(draft: OutboxDraft): Promise<OutboxEntry> {
    const change = this.database.transaction(["outbox", "sequences"], "readwrite", { durability: "strict" });
    const sequences = change.objectStore("sequences");
    const counter: Counter = [draft.device, draft.principal, draft.key];
    const sequence = ((await sequences.get(counter)) ?? 0) + 1;
    await sequences.put(sequence, counter);
    const unplaced = { ...draft, sequence, status: "pending" as const, message: "" };
    // The store gives the position, which the type of its values rightly demands everywhere else.
    const position = await change.objectStore("outbox").add(unplaced as OutboxEntry);
    await change.done;
    return { ...unplaced, position };
  }

  all(): Promise<OutboxEntry[]> {
    return this.database.getAll("outbox");
  }

  async pendingKeys(principal: string): Promise<string[]> {
    const keys: string[] = [];
    const lanes = this.database.transaction("outbox").store.index("lane");
    const range = IDBKeyRange.bound([principal, "pending"], [principal, "pending", []]);
    for (let at = await lanes.openKeyCursor(range, "nextunique"); at !== null; at = await at.continue()) keys.push(at.key[2]);
    return keys;
  }

  firstPending(principal: string, key: string): Promise<OutboxEntry | undefined> {
    // Of equal index keys the one with the lowest primary key, our position, comes first.
    return this.database.getFromIndex("outbox", "lane", [principal, "pending", key]);
  }

  async settle(id: string, status: "rejected" | "noticed", message: string): Promise<void> {
    const change = this.database.transaction("outbox", "readwrite", { durability: "strict" });
    const entry = await change.store.index("id").get(id);
    if (entry !== undefined) await change.store.put({ ...entry, status, message });
    await change.done;
  }

  async renumber({ device, principal, key }: OutboxEntry, first: number): Promise<void> {
    const change = this.database.transaction(["outbox", "sequences"], "readwrite", { durability: "strict" });
    const lane = change.objectStore("outbox").index("lane");
    let next = first;
    for (let at = await lane.openCursor([principal, "pending", key]); at !== null; at = await at.continue()) {
      if (at.value.device === device) await at.update({ ...at.value, sequence: next++ });
    }
    await change.objectStore("sequences").put(next - 1, [device, principal, key]);
    await change.done;
  }

  async remove(id: string): Promise<void> {
    const change = this.database.transaction("outbox", "readwrite");
    const position = await change.store.index("id").getKey(id);
    if (position !== undefined) await change.store.delete(position);
    await change.done;
  }
}

class IndexedStates implements StateCache {
  constructor(private readonly database: Database) {}

  read(key: string): Promise<KeptState | undefined> {
    return this.database.get("states", key);
  }

  async write(state: KeptState): Promise<void> {
    // Relaxed: a state that is lost with the power is fetched again.
    const change = this.database.transaction("states", "readwrite", { durability: "relaxed" });
    await change.store.put(state);
    let surplus = (await change.store.count()) - STATES_KEPT;
    for (let at = surplus > 0 ? await change.store.index("written").openCursor() : null; at !== null && surplus > 0; surplus -= 1) {
      await at.delete();
      at = await at.continue();
    }
    await change.done;
  }

  async forget(principal: string): Promise<void> {
    const change = this.database.transaction("states", "readwrite");
    for (const key of await change.store.index("principal").getAllKeys(principal)) await change.store.delete(key);
    await change.done;
  }
}
