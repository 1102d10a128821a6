/**
 * The client of a site: one link to the server, and on it what pages use: observed tuples, calls, actions that survive being offline,
 * and tables to edit. A page makes one and starts it; all input and output can be replaced for tests.
 */
import { Calls, type CallOptions } from "./calls.ts";
import type { StateCache } from "./cache.ts";
import { systemClock, type Clock } from "./clock.ts";
import { Connection, type Principal } from "./connection.ts";
import { browserStorage, type DeviceStorage, type Durability, type StorageParts } from "./device_storage.ts";
import type { ActionResult } from "./drain.ts";
import { deviceId } from "./ids.ts";
import type { Json, JsonObject } from "./json.ts";
import { Link } from "./link.ts";
import { Loader } from "./loader.ts";
import { Outbox, type PendingAction } from "./outbox.ts";
import { Session, type Fetch, type SessionChange } from "./session.ts";
import { browserWakes, webSocket, type SocketFactory, type WakeReason, type WakeSource } from "./socket.ts";
import { texts } from "./texts.ts";
import type { View } from "./view.ts";
import { Views } from "./views.ts";

export interface PeekClientOptions {
  /** "admin", "mobile" or "desktop". */
  site: string;
  /** Where the websocket is; default `/vortex` of the page's own host. */
  url?: string;
  /** The version that this side states in its hello. */
  version?: string;
  socket?: SocketFactory;
  storage?: StorageParts;
  clock?: Clock;
  wakes?: WakeSource;
  fetch?: Fetch;
}

export interface ActOptions {
  key?: string;
  version?: number;
}

/** What came of an action, and how to know when a view shows it. */
export interface ActionAnswer extends ActionResult {
  /**
   * Resolves once a view on this page includes the effect (true), or when nobody can tell: the action was rejected or writes to no
   * database, the view is not observed any more, failed, or comes from a provider that reads in no snapshot (false). Never rejects.
   * @param view an `ObserveController`, or the type and selector of whatever else is observed.
   */
  seenBy(view: { readonly type: string; readonly selector: Record<string, Json> | null }): Promise<boolean>;
}

const PRINCIPAL_KEY = "peek.principal";
/** What was done offline is sent before views ask what is true now, but views do not wait longer than this for it. */
const DRAIN_FIRST_MS = 2_000;

/**
 * Dispatches `outbox` when `pending()` would answer differently, and `durability` when `durability` changed. The state of the link is
 * `connection`, which dispatches `change`.
 */
export class PeekClient extends EventTarget {
  readonly connection: Connection;
  readonly session: Session;
  readonly site: string;
  private readonly clock: Clock;
  private readonly storageParts: StorageParts;
  private readonly wakes: WakeSource;
  private readonly link: Link;
  private readonly calls: Calls;
  private readonly views: Views;
  private readonly storage: Promise<DeviceStorage>;
  private readonly outboxOpened: Promise<Outbox>;
  private outbox: Outbox | null = null;
  private kept: Durability = { durable: true, reason: "" };
  private stopWakes: () => void = () => {};
  /** Counts links, so that what was begun on one is not finished on the next. */
  private links = 0;

  constructor(options: PeekClientOptions) {
    super();
    this.site = options.site;
    this.clock = options.clock ?? systemClock;
    this.storageParts = options.storage ?? browserStorage();
    this.wakes = options.wakes ?? browserWakes;
    this.connection = new Connection(this.clock.now());
    this.connection.addEventListener("change", () => this.connectionChanged());
    this.session = new Session(options.fetch ?? ((path, request) => fetch(path, request)), (what) => this.sessionChanged(what));
    this.storage = this.storageParts.open();
    const device = deviceId(this.storageParts.small);
    this.link = new Link({
      url: options.url ?? defaultUrl(),
      socket: options.socket ?? webSocket,
      clock: this.clock,
      connection: this.connection,
      hello: hello(device, options),
      live: () => this.live(),
      lost: () => this.lost(),
    });
    this.calls = new Calls(this.link, this.clock);
    const cacheFailed = (error: unknown): void => this.storageFailed(error);
    this.views = new Views({ link: this.link, clock: this.clock, cache: deferred(this.storage), cacheFailed });
    this.outboxOpened = this.openOutbox(device);
    this.recallPrincipal();
  }

  /** Connects, and stays connected until `stop`. */
  start(): void {
    this.stopWakes();
    this.stopWakes = this.wakes((why) => this.woken(why));
    this.link.start();
  }

  /** Closes everything; a stopped client is not started again. Actions that wait stay on the device. */
  stop(): void {
    this.stopWakes();
    this.views.stop();
    this.link.stop();
    this.outbox?.stop();
    void this.storage.then((storage) => storage.close());
  }

  /**
   * Tells `listener` the present rows of a selector, at once what is known and then each change, until the returned function is called.
   * @typeParam T the interface of the tuple type, as generated from its Python class.
   */
  observe<T>(type: string, selector: Record<string, Json>, listener: (view: View<T>) => void): () => void {
    return this.views.observe(type, selector, (view) => listener(view as View<unknown> as View<T>));
  }

  /** Calls a method (`plugin.function`) with its arguments by name. Rejects with PeekError; nothing is retried. */
  call<R>(method: string, args: object, options?: CallOptions): Promise<R> {
    return this.calls.call<R>(method, args, options);
  }

  /**
   * Does an action once, now or when there is a connection again. Resolves when the server has applied or rejected it, which may
   * be long after the page that asked is gone; `pending()` shows it until then. Rejects when it could not be kept on the device.
   * Actions with the same `key` are applied in order. `version` is that of the tuple type whose form `action` has.
   */
  async act(type: string, action: object, { key = "", version = 1 }: ActOptions = {}): Promise<ActionAnswer> {
    const result = await (await this.outboxOpened).act(type, action, key, version);
    const seenBy: ActionAnswer["seenBy"] = async ({ type, selector }) =>
      selector !== null && result.status === "applied" && this.views.includes(type, selector, result.tx);
    // Not one of its values: the rest of it can be kept, compared and sent.
    return Object.defineProperty({ ...result } as ActionAnswer, "seenBy", { value: seenBy });
  }

  /** Actions that wait to be sent or were rejected, in order. */
  pending(): PendingAction[] {
    return this.outbox?.pending() ?? [];
  }

  /** Takes an action that was rejected or noticed off the list. */
  async dismiss(id: string): Promise<void> {
    await (await this.outboxOpened).dismiss(id);
  }

  /** The rows of a table that is served for editing. */
  loader<T>(type: string): Loader<T> {
    return new Loader<T>(this.calls, type);
  }

  /** Whether what is done offline outlives this page, and if not, why. */
  get durability(): Durability {
    return this.kept;
  }

  private async openOutbox(device: string): Promise<Outbox> {
    const { outbox: store, tabs, durable, reason } = await this.storage;
    this.keep({ durable, reason });
    const outbox = new Outbox({
      link: this.link,
      clock: this.clock,
      device,
      store,
      tabs,
      changed: () => this.dispatchEvent(new Event("outbox")),
      failed: (error) => this.storageFailed(error),
    });
    outbox.belongTo(this.connection.principal?.name ?? "");
    this.outbox = outbox;
    await outbox.open().catch((error: unknown) => this.storageFailed(error));
    return outbox;
  }

  private live(): void {
    this.links += 1;
    const { principal } = this.connection;
    this.storageParts.small.setItem(PRINCIPAL_KEY, JSON.stringify(principal));
    this.belongTo(principal?.name ?? "");
    void this.resume(this.links);
  }

  private async resume(link: number): Promise<void> {
    const drained = this.outboxOpened.then((outbox) => outbox.flush());
    await new Promise<void>((resolve) => {
      const disarm = this.clock.after(DRAIN_FIRST_MS, resolve);
      void drained.then(() => {
        disarm();
        resolve();
      });
    });
    if (link === this.links && this.link.live) this.views.resume();
  }

  private lost(): void {
    this.views.suspend(this.connection.reason);
    this.outbox?.interrupt();
  }

  private connectionChanged(): void {
    if (this.connection.state !== "signed-out") return;
    this.storageParts.small.removeItem(PRINCIPAL_KEY);
    this.views.suspend(this.connection.reason);
    this.belongTo("");
  }

  private sessionChanged(what: SessionChange): void {
    if (what === "signed-in") return this.link.restart();
    const name = this.connection.principal?.name;
    this.link.signOut(texts.signedOut);
    // Whoever signs out leaves nothing to read behind; who merely expired comes back to it.
    if (what === "signed-out" && name) {
      void this.storage.then(({ states }) => states.forget(name)).catch((error: unknown) => this.storageFailed(error));
    }
  }

  private belongTo(principal: string): void {
    this.views.belongTo(principal);
    this.outbox?.belongTo(principal);
  }

  private recallPrincipal(): void {
    const kept = this.storageParts.small.getItem(PRINCIPAL_KEY);
    const principal = kept === null ? null : (JSON.parse(kept) as Principal | null);
    if (principal === null) return;
    this.connection.recall(principal);
    this.belongTo(principal.name);
  }

  private woken(why: WakeReason): void {
    if (why === "hidden") this.views.flush();
    else this.link.woken(why);
  }

  private storageFailed(error: unknown): void {
    this.keep({ durable: false, reason: texts.storageFailed(error instanceof Error ? error.message : String(error)) });
  }

  private keep(durability: Durability): void {
    if (durability.durable === this.kept.durable && durability.reason === this.kept.reason) return;
    this.kept = durability;
    this.dispatchEvent(new Event("durability"));
  }
}

function hello(device: string, { site, version = "0" }: PeekClientOptions): JsonObject {
  return { service: "device", id: device, name: device.slice(0, 8), version, plugins: {}, schemas: {}, site };
}

function defaultUrl(): string {
  const { protocol, host } = globalThis.location;
  return `${protocol === "https:" ? "wss" : "ws"}://${host}/vortex`;
}

/** The cache of a storage that is still being opened. */
function deferred(storage: Promise<DeviceStorage>): StateCache {
  return {
    read: async (key) => (await storage).states.read(key),
    write: async (state) => (await storage).states.write(state),
    forget: async (principal) => (await storage).states.forget(principal),
  };
}
