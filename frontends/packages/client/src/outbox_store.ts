/** Where actions wait until the server has answered them, and the order they wait in. */

export interface OutboxEntry {
  /** Place in the whole outbox; given by the store. */
  position: number;
  /** Unique, made on the device; the server applies an id once. */
  id: string;
  device: string;
  /** Who made it. It is never sent as anybody else. */
  principal: string;
  /** Tuple type of the action. */
  type: string;
  /** The action tuple as JSON text. */
  body: string;
  /** Order key: actions with the same one are applied in the order in which they were made. */
  key: string;
  /** Counts the actions of this person on this device with this order key, from 1; given by the store. */
  sequence: number;
  /** The form that the tuple type had in the page that made it. */
  version: number;
  /** ISO 8601. */
  made: string;
  /** `noticed`: it was applied, but people have to know what `message` says. */
  status: "pending" | "rejected" | "noticed";
  /** Why it was rejected, or what there is to know, for people. */
  message: string;
}

export type OutboxDraft = Omit<OutboxEntry, "position" | "sequence" | "status" | "message">;

export interface OutboxStore {
  /** Resolves once the entry survives a loss of power, as far as the store can promise it. */
  add(draft: OutboxDraft): Promise<OutboxEntry>;
  /** Everything, in order. */
  all(): Promise<OutboxEntry[]>;
  /** Order keys with something pending of a person. */
  pendingKeys(principal: string): Promise<string[]>;
  /** The first pending entry of a person with this order key. */
  firstPending(principal: string, key: string): Promise<OutboxEntry | undefined>;
  /** Marks an entry as answered for good; it stays until removed. */
  settle(id: string, status: "rejected" | "noticed", message: string): Promise<void>;
  /** Numbers what is pending of a person's actions with this order key from `first` on, and what is added later after them. */
  renumber(entry: OutboxEntry, first: number): Promise<void>;
  remove(id: string): Promise<void>;
}

/** Keeps entries as long as the page lives. */
export class MemoryOutboxStore implements OutboxStore {
  private entries: OutboxEntry[] = [];
  private readonly sequences = new Map<string, number>();
  private position = 0;

  async add(draft: OutboxDraft): Promise<OutboxEntry> {
    const counter = counterOf(draft);
    const sequence = (this.sequences.get(counter) ?? 0) + 1;
    this.sequences.set(counter, sequence);
    this.position += 1;
    const entry: OutboxEntry = { ...draft, position: this.position, sequence, status: "pending", message: "" };
    this.entries.push(entry);
    return entry;
  }

  async all(): Promise<OutboxEntry[]> {
    return [...this.entries];
  }

  async pendingKeys(principal: string): Promise<string[]> {
    return [...new Set(this.pending(principal).map((entry) => entry.key))];
  }

  async firstPending(principal: string, key: string): Promise<OutboxEntry | undefined> {
    return this.pending(principal).find((entry) => entry.key === key);
  }

  async settle(id: string, status: "rejected" | "noticed", message: string): Promise<void> {
    this.entries = this.entries.map((entry) => (entry.id === id ? { ...entry, status, message } : entry));
  }

  async renumber(entry: OutboxEntry, first: number): Promise<void> {
    const counter = counterOf(entry);
    let next = first;
    this.entries = this.entries.map((one) => (one.status === "pending" && counterOf(one) === counter ? { ...one, sequence: next++ } : one));
    this.sequences.set(counter, next - 1);
  }

  async remove(id: string): Promise<void> {
    this.entries = this.entries.filter((entry) => entry.id !== id);
  }

  private pending(principal: string): OutboxEntry[] {
    return this.entries.filter((entry) => entry.principal === principal && entry.status === "pending");
  }
}

function counterOf({ device, principal, key }: Pick<OutboxEntry, "device" | "principal" | "key">): string {
  return JSON.stringify([device, principal, key]);
}
