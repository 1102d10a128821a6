/**
 * Keeps one selector subscribed while it is observed: resumes with `have` when a lost link returns, asks again after errors that may pass,
 * shows what is kept on the device when the server cannot be asked, and keeps what the server said.
 */
import { Awaited } from "./awaited.ts";
import type { KeptState, StateCache } from "./cache.ts";
import { Backoff, type Clock } from "./clock.ts";
import { errorFromWire, PeekError } from "./errors.ts";
import { jsonBody, type Frame } from "./frames.ts";
import { traceId } from "./ids.ts";
import { asText, canonicalJson, type Json, type JsonObject } from "./json.ts";
import type { Link } from "./link.ts";
import { readRows, StateReader, type KnownRows } from "./payload.ts";
import { texts } from "./texts.ts";
import { ObservedView, type Listener } from "./view.ts";

/** How long a selector that nobody observes any more stays subscribed: going back and forth between pages is then instant. */
export const LINGER_MS = 5_000;
/** The server gets this long to answer before kept rows are shown; nobody needs to see them for a blink. */
export const ANSWER_MS = 300;
/** A selector that changes all the time is written to the device at most this often. */
export const WRITE_MS = 2_000;
const FIRST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 30_000;
/** Errors that asking again does not mend. */
const FINAL = new Set(["NotAllowed", "BadRequest", "TupleError"]);

export interface SubscriptionParts {
  link: Link;
  clock: Clock;
  cache: StateCache;
  /** Hears why a state could not be kept. */
  cacheFailed(error: unknown): void;
}

interface Restored {
  rows: Json[];
  state: KeptState;
}

export class Subscription {
  private readonly view = new ObservedView();
  private readonly reader: StateReader;
  private readonly backoff: Backoff;
  private readonly awaited = new Awaited();
  private exchange: number | null = null;
  /** Whether the present exchange has brought a state. */
  private hasState = false;
  /** Whether to tell the server what is here already. */
  private claims = true;
  /** Whether there is a link to be subscribed on. */
  private linked = false;
  private away: string = texts.connecting;
  private principal = "";
  private restoring: Promise<void> = Promise.resolve();
  private restored: Restored | null = null;
  private unwritten: (() => KeptState) | null = null;
  private stopWriting: (() => void) | null = null;
  private stopRetry: () => void = () => {};
  private stopLinger: () => void = () => {};

  /** @param ended is called when nobody has observed this for a while. */
  constructor(
    private readonly parts: SubscriptionParts,
    private readonly type: string,
    private readonly selector: JsonObject,
    private readonly ended: () => void,
  ) {
    this.backoff = new Backoff(parts.clock, FIRST_RETRY_MS, MOST_RETRY_MS);
    this.reader = new StateReader({
      known: () => this.known(),
      state: (frame, rows, unseen) => this.took(frame, rows, unseen),
      same: (frame) => this.confirmed(frame),
      failed: (error) => this.failed(error),
      unfit: () => this.askAnew(),
    });
  }

  listen(listener: Listener): () => void {
    this.stopLinger();
    // Whoever comes to a view that failed wants another try; this is also what "try again" on a page does.
    if (this.view.view.status === "error" && this.linked && this.exchange === null) this.subscribe();
    const leave = this.view.listen(listener);
    return () => {
      if (leave() && !this.view.watched) this.stopLinger = this.parts.clock.after(LINGER_MS, () => this.end());
    };
  }

  /** Resolves with true when the view includes the transaction `tx`, with false when nobody can tell. */
  includes(tx: string): Promise<boolean> {
    const seen = this.awaited.add(tx);
    this.lookAtAwaited();
    return seen;
  }

  /** Starts with what is kept for a person; rows of another are forgotten. */
  begin(principal: string): void {
    this.unsubscribe();
    this.flush();
    this.view.forget();
    this.awaited.giveUp();
    this.principal = principal;
    this.restored = null;
    this.restoring = this.restore();
  }

  /** There is a link. */
  resume(): void {
    this.linked = true;
    this.backoff.reset();
    this.subscribe();
  }

  /** There is none, for this reason. */
  suspend(reason: string): void {
    this.linked = false;
    this.away = reason;
    this.exchange = null;
    this.stopRetry();
    if (this.view.version !== null) this.view.doubt(reason);
    else void this.restoring.then(() => this.showRestored()).then(() => !this.linked && this.view.doubt(this.away));
  }

  /** Ends it; nobody hears anything more. */
  end(): void {
    this.stopLinger();
    this.unsubscribe();
    this.flush();
    this.awaited.giveUp();
    this.linked = false;
    this.ended();
  }

  /** Writes to the device what is not there yet. */
  flush(): void {
    this.stopWriting?.();
    this.stopWriting = null;
    this.write();
  }

  private key(): string {
    return `${this.principal}\n${this.type}\n${canonicalJson(this.selector)}`;
  }

  private async restore(): Promise<void> {
    const { cache, clock, cacheFailed } = this.parts;
    const key = this.key();
    try {
      const state = await cache.read(key);
      if (state === undefined || key !== this.key()) return;
      this.restored = { state, rows: await readRows(state.body, state.compressed) };
      clock.after(ANSWER_MS, () => this.showRestored());
    } catch (error) {
      cacheFailed(error);
    }
  }

  private showRestored(): void {
    if (this.restored === null || this.restored.state.key !== this.key()) return;
    const { rows, state } = this.restored;
    this.view.restore(rows, state, state.at, this.linked ? texts.checking : this.away);
  }

  private subscribe(): void {
    this.stopRetry();
    this.view.await();
    const { restoring } = this;
    void restoring.then(() => {
      // What was true when this was asked for may be past: another person, no link, or subscribed already.
      if (restoring === this.restoring && this.linked && this.exchange === null) this.open();
    });
  }

  private open(): void {
    const known = this.claims ? (this.view.version ?? this.restored?.state) : undefined;
    this.hasState = false;
    this.awaited.forgotten();
    const have: JsonObject = known ? { have: [known.epoch, known.digest] } : {};
    try {
      this.exchange = this.parts.link.open({ k: "sub", t: this.type, s: this.selector, tr: traceId(), ...have }, undefined, {
        answered: (frame) => this.answered(frame),
        lost: () => (this.exchange = null),
      });
    } catch (error) {
      if (!(error instanceof PeekError)) throw error;
      this.failed(error);
    }
  }

  private unsubscribe(): void {
    this.stopRetry();
    this.reader.reset();
    if (this.exchange !== null) this.parts.link.finish(this.exchange, "unsub");
    this.exchange = null;
  }

  private answered(frame: Frame): void {
    if (frame.header["k"] !== "err") return this.reader.take(frame);
    if (this.exchange !== null) this.parts.link.finish(this.exchange);
    this.exchange = null;
    // What is being read may be what is refused now.
    this.reader.reset();
    this.failed(errorFromWire(frame.header["e"]));
  }

  private took(frame: Frame, rows: Json[], unseen: number): void {
    this.backoff.reset();
    this.claims = true;
    this.view.replace(rows, frame, unseen);
    this.hasState = true;
    this.lookAtAwaited();
    this.keep(frame, rows);
    // Read after the link was lost: true when it was sent, and no longer certain.
    if (!this.linked) this.view.doubt(this.away);
  }

  private confirmed(frame: Frame): void {
    this.showRestored();
    if (this.view.version?.digest !== frame.header["dig"]) return this.askAnew();
    this.backoff.reset();
    this.view.confirm(frame);
    this.hasState = true;
    this.lookAtAwaited();
    if (!this.linked) this.view.doubt(this.away);
  }

  /** Tells those whose action is included, and has the server say when the others' are. */
  private lookAtAwaited(): void {
    const { view } = this.view;
    this.awaited.settle((tx) => view.includes({ tx }));
    if (this.exchange === null || !this.hasState) return;
    // Rows that were read in no snapshot never tell.
    if (view.seen === "") return this.awaited.giveUp();
    for (const tx of this.awaited.toAsk()) this.parts.link.say(this.exchange, { k: "see", tx });
  }

  /** What this page has, as far as frames may lead on from it. */
  private known(): KnownRows | null {
    const { version, view } = this.view;
    if (version !== null) return { rows: view.rows, digest: version.digest };
    return this.restored && { rows: this.restored.rows, digest: this.restored.state.digest };
  }

  /** The server takes us to have something that we do not have: asks again, after a moment, without a claim. */
  private askAnew(): void {
    this.unsubscribe();
    this.claims = false;
    if (this.view.version === null) this.view.fail(new PeekError("RemoteError", texts.undecodable));
    else this.view.doubt(this.linked ? texts.checking : this.away);
    this.retry();
  }

  private failed(error: PeekError): void {
    if (error.type === "NotAllowed") {
      this.restored = null;
      this.view.forget();
    }
    this.showRestored();
    this.view.fail(error);
    this.awaited.giveUp();
    if (!FINAL.has(error.type)) this.retry();
  }

  private retry(): void {
    if (this.linked) this.stopRetry = this.parts.clock.after(this.backoff.next(), () => this.subscribe());
  }

  private keep({ header, body }: Frame, rows: Json[]): void {
    const state = {
      key: this.key(),
      principal: this.principal,
      epoch: asText(header["epoch"]),
      digest: asText(header["dig"]),
      at: asText(header["at"]),
      compressed: header["z"] === 1,
      written: this.parts.clock.now(),
    };
    // A copy: the body is a view into a message that may be many times as large. After a delta the rows are written out, but only when
    // they are kept, which is seldom beside how often they may change.
    const whole = header["k"] === "state" ? body.slice() : null;
    this.unwritten = () => ({ ...state, body: whole ?? jsonBody({ rows }) });
    if (this.stopWriting === null) this.writeNow();
  }

  private writeNow(): void {
    if (this.unwritten === null) {
      this.stopWriting = null;
      return;
    }
    this.write();
    this.stopWriting = this.parts.clock.after(WRITE_MS, () => this.writeNow());
  }

  private write(): void {
    const kept = this.unwritten;
    this.unwritten = null;
    if (kept !== null) this.parts.cache.write(kept()).catch(this.parts.cacheFailed);
  }
}
