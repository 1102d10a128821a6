/** Random ids. `crypto.randomUUID` exists only in secure contexts; `getRandomValues` everywhere. */

/** 128 random bits as 32 hexadecimal digits. */
export function randomId(): string {
  return hexadecimal(crypto.getRandomValues(new Uint8Array(16)));
}

/** The name of one request and of all that it causes, in every log on its way: 16 hexadecimal digits. */
export function traceId(): string {
  return hexadecimal(crypto.getRandomValues(new Uint8Array(8)));
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Where small things are kept between visits; `localStorage` fits. */
export interface KeyValueStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const DEVICE_KEY = "peek.device";

/** The id of this device (this browser profile at this site), made at the first visit and kept. */
export function deviceId(store: KeyValueStore): string {
  const kept = store.getItem(DEVICE_KEY);
  if (kept) return kept;
  const made = randomId();
  store.setItem(DEVICE_KEY, made);
  return made;
}

/** `localStorage`, or memory where the browser refuses it (private mode, policy). */
export function browserKeyValueStore(): KeyValueStore {
  try {
    const store = globalThis.localStorage;
    store.setItem("peek.probe", "1");
    store.removeItem("peek.probe");
    return store;
  } catch {
    return memoryKeyValueStore();
  }
}

/** A store that lasts as long as the page. */
export function memoryKeyValueStore(): KeyValueStore {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}
