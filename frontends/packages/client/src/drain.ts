/**
 * Sends what waits in the outbox. Actions with the same order key go one after the other, each after the answer to the one before; different
 * keys go side by side. An action whose answer was lost is sent again with the same id, and answered from the server's receipt.
 */
import { Backoff, type Clock } from "./clock.ts";
import { errorFromWire, PeekError } from "./errors.ts";
import { bodyJson, type Frame } from "./frames.ts";
import { asNumber, asText, type Json } from "./json.ts";
import type { Link } from "./link.ts";
import type { OutboxEntry, OutboxStore } from "./outbox_store.ts";
import type { Tabs } from "./tabs.ts";
import { texts } from "./texts.ts";

/** Order keys that are sent side by side. */
const LANES = 8;
/** An action without an answer for this long is sent again. */
export const ACK_MS = 30_000;
const FIRST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 60_000;
/** Errors of a whole call that say "not now" rather than "never". */
const PASSING = new Set(["Unavailable", "LinkLost", "DeadlineExceeded"]);

/** The server's last word on an action. */
export interface ActionResult {
  status: "applied" | "rejected";
  /** For people; says why when rejected. */
  message: string;
  /** What the handler returned. */
  result: Json;
  /** The number of the database's transaction that the effect is part of, or "" when there is none. */
  tx: string;
}

type Answer = (ActionResult & { missing: number }) | { status: "retry"; after: number | null; expected: number } | { status: "sign-in"; message: string } | { status: "lost" };

export interface DrainParts {
  link: Link;
  clock: Clock;
  store: OutboxStore;
  tabs: Tabs;
  /** The store has the result already. */
  settled(entry: OutboxEntry, result: ActionResult): void;
  /** An entry is on its way (true) or back in the queue (false). */
  sending(id: string, on: boolean): void;
}

export class Drain {
  private readonly lanes = new Map<string, Promise<void>>();
  private running: Promise<void> | null = null;
  private principal = "";
  private readonly pauses = new Set<() => void>();
  private nudge: () => void = () => {};
  /** Something was added since the running pass last looked. */
  private nudged = false;

  constructor(private readonly parts: DrainParts) {}

  /** Whose actions may be sent. */
  belongTo(principal: string): void {
    this.principal = principal;
  }

  /** Sends all there is; resolves when nothing is left that can be sent now. Calling it while it runs makes it look again. */
  run(): Promise<void> {
    this.nudged = true;
    this.nudge();
    this.running ??= this.passes();
    return this.running;
  }

  private async passes(): Promise<void> {
    try {
      do await this.parts.tabs.alone(() => this.pass());
      while (this.nudged);
    } finally {
      this.running = null;
    }
  }

  /** The link is gone: lanes that wait for a better time end, so that another tab may go on. */
  interrupt(): void {
    for (const wake of this.pauses) wake();
  }

  private async pass(): Promise<void> {
    const { principal } = this;
    try {
      while (this.nudged || this.lanes.size > 0) {
        this.nudged = false;
        const changed = new Promise<void>((resolve) => (this.nudge = resolve));
        await this.fillLanes(principal);
        if (this.lanes.size > 0 && !this.nudged) await Promise.race([changed, ...this.lanes.values()]);
      }
    } finally {
      // Also when the store failed under one lane: the others end before the lock is given up.
      await Promise.allSettled(this.lanes.values());
    }
  }

  private async fillLanes(principal: string): Promise<void> {
    if (!this.maySend(principal)) return;
    const waiting = (await this.parts.store.pendingKeys(principal)).filter((key) => !this.lanes.has(key));
    for (const key of waiting.slice(0, LANES - this.lanes.size)) {
      const lane = this.lane(principal, key).finally(() => {
        this.lanes.delete(key);
        // A place is free now for a key that found none.
        this.nudged = true;
      });
      this.lanes.set(key, lane);
    }
  }

  private async lane(principal: string, key: string): Promise<void> {
    const { store, clock, link } = this.parts;
    const backoff = new Backoff(clock, FIRST_RETRY_MS, MOST_RETRY_MS);
    while (this.maySend(principal)) {
      const entry = await store.firstPending(principal, key);
      if (entry === undefined || !this.maySend(principal)) return;
      const answer = await this.send(entry);
      if (answer.status === "retry" && answer.expected > entry.sequence) await store.renumber(entry, answer.expected);
      else if (answer.status === "retry") await this.pause(answer.after ?? backoff.next());
      else if (answer.status === "sign-in") link.signOut(answer.message);
      else if (answer.status !== "lost") {
        backoff.reset();
        const { missing, ...result } = answer;
        await this.settle(entry, result, missing);
      }
    }
  }

  private maySend(principal: string): boolean {
    return this.parts.link.live && principal !== "" && principal === this.principal;
  }

  private async settle(entry: OutboxEntry, result: ActionResult, missing: number): Promise<void> {
    const { store } = this.parts;
    if (result.status === "rejected") await store.settle(entry.id, "rejected", result.message);
    else if (missing > 0) await store.settle(entry.id, "noticed", texts.missing(missing));
    else await store.remove(entry.id);
    this.parts.settled(entry, result);
  }

  private async send(entry: OutboxEntry): Promise<Answer> {
    this.parts.sending(entry.id, true);
    const answer = await this.exchange(entry);
    if (answer.status !== "applied" && answer.status !== "rejected") this.parts.sending(entry.id, false);
    return answer;
  }

  private exchange(entry: OutboxEntry): Promise<Answer> {
    const { link, clock } = this.parts;
    return new Promise<Answer>((resolve) => {
      const finish = (answer: Answer): void => {
        disarm();
        link.finish(i);
        resolve(answer);
      };
      let i = 0;
      let disarm: () => void = () => {};
      try {
        i = link.open(actHeader(entry), new TextEncoder().encode(entry.body), {
          answered: (frame) => finish(readAnswer(frame)),
          lost: () => finish({ status: "lost" }),
        });
      } catch (error) {
        if (!(error instanceof PeekError)) throw error;
        return resolve(fromError(error));
      }
      disarm = clock.after(ACK_MS, () => finish({ status: "retry", after: 0, expected: 0 }));
    });
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const wake = (): void => {
        disarm();
        this.pauses.delete(wake);
        resolve();
      };
      const disarm = this.parts.clock.after(milliseconds, wake);
      this.pauses.add(wake);
    });
  }
}

function actHeader(entry: OutboxEntry): { k: string } & Record<string, Json> {
  const { type, id, device, sequence, key, made, version } = entry;
  return { k: "act", t: type, id, dev: device, seq: sequence, key, made, ...(version === 1 ? {} : { v: version }) };
}

function readAnswer({ header, body }: Frame): Answer {
  if (header["k"] === "err") return fromError(errorFromWire(header["e"]));
  const message = asText(header["message"]);
  const tx = asText(header["tx"]);
  const missing = missingOf(header["missing"]);
  switch (header["status"]) {
    case "applied":
      return { status: "applied", message, result: readResult(body), tx, missing };
    case "rejected":
      return { status: "rejected", message: message || texts.noReason, result: null, tx, missing };
    case "sign-in":
      return { status: "sign-in", message: message || texts.signedOut };
    default: {
      const after = asNumber(header["after"], -1);
      return { status: "retry", after: after < 0 ? null : after * 1000, expected: asNumber(header["expected"], 0) };
    }
  }
}

/** How many actions before this one never reached the server. */
function missingOf(range: Json | undefined): number {
  const [first, last] = Array.isArray(range) ? range : [];
  return typeof first === "number" && typeof last === "number" ? last - first + 1 : 0;
}

function readResult(body: Uint8Array): Json {
  try {
    return bodyJson(body);
  } catch {
    // The effect is committed whatever the result looks like; failing here would send it for ever.
    return null;
  }
}

function fromError(error: PeekError): Answer {
  if (PASSING.has(error.type)) return { status: "retry", after: null, expected: 0 };
  return { status: "rejected", message: error.message, result: null, tx: "", missing: 0 };
}
