/**
 * Binds one observed selector to a component: observed while the component is connected, rendered on each change. What it
 * last saw stays readable while the link is away; `status` and `reason` then say so.
 */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { Json, PeekClient, View } from "@peek/client";

export type Selector = Record<string, Json>;
/** A selector, or a function read before each render; null observes nothing. */
export type SelectorSource = Selector | (() => Selector | null);
export type ObserveStatus = View<unknown>["status"];

export class ObserveController<T> implements ReactiveController {
  readonly type: string;
  private readonly host: ReactiveControllerHost;
  private readonly client: () => PeekClient;
  private readonly source: SelectorSource;
  private view: View<T> | null = null;
  private observed: string | null = null;
  private observing: Selector | null = null;
  private stop: (() => void) | null = null;
  private connected = false;
  private readonly watchers = new Set<() => void>();

  constructor(host: ReactiveControllerHost, client: () => PeekClient, type: string, source: SelectorSource) {
    this.host = host;
    this.client = client;
    this.type = type;
    this.source = source;
    host.addController(this);
  }

  /** The rows last seen; empty while nothing has arrived. */
  get rows(): T[] {
    return this.view?.rows ?? [];
  }
  /** The first row, for selectors that answer with one. */
  get first(): T | undefined {
    return this.view?.rows[0];
  }
  get status(): ObserveStatus {
    return this.view?.status ?? "loading";
  }
  /** When the source was asked for these rows. */
  get at(): Date | null {
    return this.view?.at ?? null;
  }
  /** A sentence for people when `status` is "error". */
  get error(): string {
    return this.view?.error ?? "";
  }
  /** Why the rows may be old when `status` is "stale". */
  get reason(): string {
    return this.view?.reason ?? "";
  }
  /** How many states were replaced by newer ones before this one was shown. */
  get skipped(): number {
    return this.view?.skipped ?? 0;
  }

  /** Whether the rows have the effect of an action that was applied; `seenBy` of its answer waits until they have. */
  includes(result: { tx: string }): boolean {
    return this.view?.includes(result) ?? false;
  }
  /** What is observed just now; null for nothing. */
  get selector(): Selector | null {
    return this.observing;
  }

  /** Calls back on every change until the returned function is called; for components that are not the host. */
  subscribe(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** Asks again from the start, after an error. */
  retry(): void {
    this.release();
    this.follow();
    this.changed();
  }

  hostConnected(): void {
    this.connected = true;
    this.follow();
  }

  hostUpdate(): void {
    if (this.connected) this.follow();
  }

  hostDisconnected(): void {
    this.connected = false;
    this.release();
  }

  private follow(): void {
    const selector = typeof this.source === "function" ? this.source() : this.source;
    const wanted = selector === null ? null : JSON.stringify(selector);
    if (wanted === this.observed && (this.stop !== null || wanted === null)) return;
    this.release();
    this.observed = wanted;
    this.observing = selector;
    if (selector === null) return;
    this.stop = this.client().observe<T>(this.type, selector, (view) => {
      this.view = view;
      this.changed();
    });
  }

  private release(): void {
    this.stop?.();
    this.stop = null;
    // Rows of another selector must never be shown under this one's heading.
    if (this.observed !== null && this.connected) this.view = null;
    this.observed = null;
    this.observing = null;
  }

  private changed(): void {
    this.host.requestUpdate();
    for (const watcher of this.watchers) watcher();
  }
}
