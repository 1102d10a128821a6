/**
 * Actions that people made on this device. One is accepted when it is kept, survives reloads, lost links and restarts, and leaves when
 * the server has applied it; what the server rejects stays, with the reason, until somebody dismisses it.
 */
import type { Clock } from "./clock.ts";
import { Drain, type ActionResult } from "./drain.ts";
import { PeekError } from "./errors.ts";
import { randomId } from "./ids.ts";
import { asObject, asText, type Json } from "./json.ts";
import type { Link } from "./link.ts";
import type { OutboxEntry, OutboxStore } from "./outbox_store.ts";
import type { Tabs } from "./tabs.ts";
import { texts } from "./texts.ts";

/** Entries kept at most, rejected ones included; more are refused. */
export const OUTBOX_ENTRIES = 1000;

/** An action in the outbox, as it is shown to people. */
export interface PendingAction {
  id: string;
  /** Tuple type of the action. */
  type: string;
  action: Json;
  key: string;
  made: Date;
  /**
   * `held`: somebody else made it on this device; it waits until they sign in. `noticed`: it was applied, but actions before it never
   * reached the server.
   */
  status: "pending" | "sending" | "rejected" | "held" | "noticed";
  /** Why it was rejected, or what there is to know; else "". */
  message: string;
  /** The name of who made it. */
  principal: string;
}

export interface OutboxParts {
  link: Link;
  clock: Clock;
  device: string;
  store: OutboxStore;
  tabs: Tabs;
  /** `pending` would answer differently now. */
  changed(): void;
  /** The store failed. */
  failed(error: unknown): void;
}

export class Outbox {
  private readonly drain: Drain;
  private readonly waiting = new Map<string, (result: ActionResult) => void>();
  private readonly onTheWay = new Set<string>();
  private readonly stopHearing: () => void;
  private entries: readonly OutboxEntry[] = [];
  private principal = "";

  constructor(private readonly parts: OutboxParts) {
    this.drain = new Drain({
      ...parts,
      settled: (entry, result) => this.settledHere(entry.id, result),
      sending: (id, on) => this.mark(id, on),
    });
    this.stopHearing = parts.tabs.hear((message) => this.heard(message));
  }

  /** Whose outbox this is from now on; entries of others are held. */
  belongTo(principal: string): void {
    this.principal = principal;
    this.drain.belongTo(principal);
  }

  /** Everything that waits or was rejected, in order. */
  pending(): PendingAction[] {
    return this.entries.map((entry) => ({
      id: entry.id,
      type: entry.type,
      action: JSON.parse(entry.body) as Json,
      key: entry.key,
      made: new Date(entry.made),
      status: this.statusOf(entry),
      message: entry.message,
      principal: entry.principal,
    }));
  }

  /** Reads what is kept, at the start. */
  async open(): Promise<void> {
    this.entries = await this.parts.store.all();
    this.parts.changed();
  }

  /** Accepts an action; resolves with the server's last word, however long that takes. Rejects when it could not be kept. */
  async act(type: string, action: object, key: string, version: number): Promise<ActionResult> {
    if (this.principal === "") throw new PeekError("NotAllowed", texts.noPerson);
    if (this.entries.length >= OUTBOX_ENTRIES) throw new PeekError("Unavailable", texts.outboxFull(OUTBOX_ENTRIES));
    const id = randomId();
    const { store, clock, device, tabs } = this.parts;
    const made = new Date(clock.now()).toISOString();
    const result = new Promise<ActionResult>((resolve) => this.waiting.set(id, resolve));
    try {
      await store.add({ id, device, principal: this.principal, type, body: JSON.stringify(action), key, made, version });
    } catch (error) {
      this.waiting.delete(id);
      this.parts.failed(error);
      throw new PeekError("Unavailable", texts.outboxNotKept);
    }
    tabs.tell({ what: "added" });
    this.refresh();
    void this.flush();
    return result;
  }

  /** Sends what may be sent now; resolves when nothing is left that can be. */
  async flush(): Promise<void> {
    try {
      await this.drain.run();
    } catch (error) {
      this.parts.failed(error);
    }
  }

  /** The link is gone. */
  interrupt(): void {
    this.drain.interrupt();
  }

  /** Removes an action that has been answered; one that may still be applied is not removed. */
  async dismiss(id: string): Promise<void> {
    const entry = this.entries.find((one) => one.id === id);
    if (entry === undefined || entry.status === "pending") return;
    await this.parts.store.remove(id);
    this.parts.tabs.tell({ what: "dismissed" });
    await this.reread();
  }

  stop(): void {
    this.stopHearing();
    this.drain.interrupt();
  }

  private statusOf({ id, status, principal }: OutboxEntry): PendingAction["status"] {
    if (status !== "pending") return status;
    if (principal !== this.principal) return "held";
    return this.onTheWay.has(id) ? "sending" : "pending";
  }

  private settledHere(id: string, result: ActionResult): void {
    this.parts.tabs.tell({ what: "settled", id, ...result });
    this.settled(id, result);
  }

  private settled(id: string, result: ActionResult): void {
    this.onTheWay.delete(id);
    this.waiting.get(id)?.(result);
    this.waiting.delete(id);
    this.refresh();
  }

  private heard(message: Json): void {
    const fields = asObject(message) ?? {};
    const status = fields["status"];
    if (fields["what"] === "settled" && (status === "applied" || status === "rejected")) {
      const { id, message: why, result, tx } = fields;
      this.settled(asText(id), { status, message: asText(why), result: result ?? null, tx: asText(tx) });
      return;
    }
    this.refresh();
    // The tab that added it may have no link, or not the lock.
    if (fields["what"] === "added") void this.flush();
  }

  private mark(id: string, on: boolean): void {
    if (on) this.onTheWay.add(id);
    else this.onTheWay.delete(id);
    this.parts.changed();
  }

  private refresh(): void {
    this.reread().catch(this.parts.failed);
  }

  private async reread(): Promise<void> {
    this.entries = await this.parts.store.all();
    this.parts.changed();
  }
}
