/**
 * What tabs of one site on one device share: a lock, so that one of them sends the outbox at a time, and a channel on which they tell each
 * other what changed.
 */
import type { Json } from "./json.ts";

export interface Tabs {
  /** Does `work` while no other tab does it; waits for its turn. */
  alone(work: () => Promise<void>): Promise<void>;
  /** Tells the other tabs. */
  tell(message: Json): void;
  /** Hears the other tabs until the returned function is called. */
  hear(listener: (message: Json) => void): () => void;
}

const NAME = "peek-outbox";

/**
 * The tabs of this browser. Locks need a secure context; without them two tabs may send the same action, which the server's receipts still
 * apply once, and each sends them in order.
 */
export function browserTabs(): Tabs {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(NAME);
  return {
    alone: async (work) => (locks ? void (await locks.request(NAME, work)) : work()),
    tell: (message) => channel?.postMessage(message),
    hear(listener) {
      const heard = ({ data }: MessageEvent<Json>): void => listener(data);
      channel?.addEventListener("message", heard);
      return () => channel?.removeEventListener("message", heard);
    },
  };
}

/** A page without siblings. */
export function singleTab(): Tabs {
  return { alone: (work) => work(), tell: () => {}, hear: () => () => {} };
}
