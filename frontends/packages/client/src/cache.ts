/** States kept on the device: shown while there is no connection, and named to the server (`have`) when there is one again. */

export interface KeptState {
  /** Person, type and selector in one text: what one person may see is no other's. */
  key: string;
  principal: string;
  epoch: string;
  digest: string;
  /** When the provider was asked, ISO 8601. */
  at: string;
  /** Whether `body` is compressed with zlib. */
  compressed: boolean;
  /** The payload: as it came, or written anew after deltas, which are of no use by themselves. */
  body: Uint8Array;
  /** When it was last written, in milliseconds since 1970; the oldest go first. */
  written: number;
}

/** States kept at most; the ones that were written longest ago make room. */
export const STATES_KEPT = 500;

export interface StateCache {
  read(key: string): Promise<KeptState | undefined>;
  write(state: KeptState): Promise<void>;
  /** Forgets what was kept for a person. */
  forget(principal: string): Promise<void>;
}

/** Keeps states as long as the page lives. */
export class MemoryStateCache implements StateCache {
  private readonly states = new Map<string, KeptState>();

  async read(key: string): Promise<KeptState | undefined> {
    return this.states.get(key);
  }

  async write(state: KeptState): Promise<void> {
    // Deleting first moves it to the end: a Map keeps the order of insertion.
    this.states.delete(state.key);
    this.states.set(state.key, state);
    for (const oldest of this.states.keys()) {
      if (this.states.size <= STATES_KEPT) break;
      this.states.delete(oldest);
    }
  }

  async forget(principal: string): Promise<void> {
    for (const [key, state] of this.states) if (state.principal === principal) this.states.delete(key);
  }
}
