/**
 * What of this device the client may use: a durable database and a lock between tabs, or, where the browser gives none, memory, with
 * a sentence that says what is missing.
 */
import { MemoryStateCache, type StateCache } from "./cache.ts";
import { browserKeyValueStore, type KeyValueStore } from "./ids.ts";
import { openDeviceDatabase } from "./indexed_db.ts";
import { MemoryOutboxStore, type OutboxStore } from "./outbox_store.ts";
import { browserTabs, singleTab, type Tabs } from "./tabs.ts";
import { texts } from "./texts.ts";

/** Whether what people do offline outlives the page. */
export interface Durability {
  durable: boolean;
  /** Why not, for people; "" when durable. */
  reason: string;
}

export interface DeviceStorage extends Durability {
  outbox: OutboxStore;
  states: StateCache;
  tabs: Tabs;
  close(): void;
}

/** The places a client keeps things in. Opening must not reject: it falls back to what there is. */
export interface StorageParts {
  open(): Promise<DeviceStorage>;
  /** Small things that must be known at once: the device's id, who was signed in last. */
  small: KeyValueStore;
}

/** The browser's. */
export function browserStorage(): StorageParts {
  return { open: openBrowserStorage, small: browserKeyValueStore() };
}

/** Memory only, for tests and for browsers that keep nothing. */
export function memoryStorage(reason: string = texts.memoryOnly): DeviceStorage {
  return { outbox: new MemoryOutboxStore(), states: new MemoryStateCache(), tabs: singleTab(), durable: false, reason, close: () => {} };
}

/** A database that does not open in this time (a broken profile, a disk that hangs) is as good as none. */
const OPEN_MS = 5_000;

async function openBrowserStorage(): Promise<DeviceStorage> {
  try {
    const database = await Promise.race([openDeviceDatabase(), tooLate()]);
    return { ...database, tabs: browserTabs(), durable: true, reason: "" };
  } catch (error) {
    return memoryStorage(`${texts.memoryOnly} (${error instanceof Error ? error.message : String(error)})`);
  }
}

function tooLate(): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error(`not open after ${OPEN_MS / 1000} s`)), OPEN_MS));
}
