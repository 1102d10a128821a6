/**
 * One selector that somebody on this page observes: its rows, how fresh they are, and who wants to know. It takes what happens (a frame,
 * a lost link, a kept state) and says what is to be shown; subscribing and keeping are done by `Views`.
 */
import type { ActionResult } from "./drain.ts";
import type { PeekError } from "./errors.ts";
import type { Frame } from "./frames.ts";
import { asNumber, asObject, asText, type Json } from "./json.ts";
import { includes } from "./snapshot.ts";
import { texts } from "./texts.ts";

export interface View<T> {
  /** The rows last seen; the same array as long as they have not changed, and mostly the same objects when only some of them have. */
  rows: T[];
  /** `loading`: nothing yet. `live`: the present state. `stale`: possibly old, `reason` says why. `error`: see `error`; rows may be there. */
  status: "loading" | "live" | "stale" | "error";
  /** When the provider was asked for these rows; null before the first. */
  at: Date | null;
  /** A sentence for people while `status` is "error", else "". */
  error: string;
  /** A sentence for people while `status` is "stale", else "". */
  reason: string;
  /** How many states newer ones replaced before they reached this page. */
  skipped: number;
  /** The snapshot of the database that the rows were read in; "" when nobody knows. */
  seen: string;
  /** Whether the rows have the effect of an action that was applied; false when nobody knows. `seenBy` of its result waits for it. */
  includes(this: void, result: Pick<ActionResult, "tx">): boolean;
}

export type Listener = (view: View<Json>) => void;

const LOADING: View<Json> = Object.freeze({
  rows: [],
  status: "loading",
  at: null,
  error: "",
  reason: "",
  skipped: 0,
  seen: "",
  includes: () => false,
});

/** The state that this page has of a selector, as `have` names it. */
export interface Version {
  epoch: string;
  digest: string;
}

export class ObservedView {
  private readonly listeners = new Set<Listener>();
  private shown: View<Json> = LOADING;
  private known: Version | null = null;

  get view(): View<Json> {
    return this.shown;
  }
  /** What the rows are a state of; null when there is none. */
  get version(): Version | null {
    return this.known;
  }
  get watched(): boolean {
    return this.listeners.size > 0;
  }

  /** The listener hears of the present view at once, and of each change after. The returned function ends that; false if it had ended. */
  listen(listener: Listener): () => boolean {
    // Wrapped, so that the same function may listen twice and stop once.
    const own: Listener = (view) => listener(view);
    this.listeners.add(own);
    tell(own, this.shown);
    return () => this.listeners.delete(own);
  }

  /** A state kept earlier; it never replaces one that came from the server. */
  restore(rows: Json[], version: Version, at: string, reason: string): void {
    if (this.known !== null) return;
    this.known = version;
    this.show({ rows, status: "stale", at: new Date(at), error: "", reason });
  }

  /** A `state` or `delta` frame and the rows after it. */
  replace(rows: Json[], { header }: Frame, unseen: number): void {
    this.known = { epoch: asText(header["epoch"]), digest: asText(header["dig"]) };
    const skipped = this.shown.skipped + unseen + asNumber(header["skip"], 0);
    this.show({ rows, skipped, error: "", ...freshness(header) });
  }

  /** A `same` frame: the rows are still the state, or only their freshness changed. */
  confirm({ header }: Frame): void {
    this.known = { epoch: asText(header["epoch"]), digest: asText(header["dig"]) };
    const skipped = this.shown.skipped + asNumber(header["skip"], 0);
    this.show({ skipped, error: "", ...freshness(header) });
  }

  /** The link is away, or the answer is awaited: what is shown may be old. */
  doubt(reason: string): void {
    if (this.known !== null) this.show({ status: "stale", error: "", reason });
    else this.show({ status: "error", error: texts.notKept, reason: "" });
  }

  fail(error: PeekError): void {
    this.show({ status: "error", error: error.message, reason: "" });
  }

  /** Waiting for the server with nothing to show; what failed before may work now. */
  await(): void {
    if (this.known === null && this.shown.status === "error") this.show({ status: "loading", error: "", reason: "" });
  }

  /** Forgets everything: somebody else is signed in. */
  forget(): void {
    this.known = null;
    if (this.shown !== LOADING) this.show(LOADING);
  }

  private show(change: Partial<View<Json>>): void {
    const { seen = this.shown.seen } = change;
    const asked = { includes: ({ tx }: Pick<ActionResult, "tx">) => includes(seen, tx) };
    this.shown = change === LOADING ? LOADING : Object.freeze({ ...this.shown, ...change, ...asked });
    for (const listener of [...this.listeners]) tell(listener, this.shown);
  }
}

function freshness(header: Frame["header"]): Pick<View<Json>, "status" | "at" | "reason" | "seen"> {
  const at = new Date(asText(header["at"]));
  const seen = asText(header["seen"]);
  const stale = asObject(header["stale"]);
  if (stale === undefined) return { status: "live", at, reason: "", seen };
  return { status: "stale", at, reason: asText(stale["reason"]) || texts.unreachable, seen };
}

function tell(listener: Listener, view: View<Json>): void {
  try {
    listener(view);
  } catch (error) {
    // One broken listener must not keep others, or the link, from their work; the page still learns of it as an uncaught error.
    queueMicrotask(() => {
      throw error;
    });
  }
}
