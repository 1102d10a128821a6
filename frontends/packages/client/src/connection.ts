/** What people are told about the connection: its state, since when, why, and who they are on it. */
import { texts } from "./texts.ts";

export type ConnectionState = "connecting" | "live" | "offline" | "signed-out" | "refused";

/** Who someone is to the server. */
export interface Principal {
  kind: "person" | "service" | "nobody";
  name: string;
  /** The name for people. */
  title: string;
  roles: readonly string[];
}

/** What a client knows about the server it is connected to. */
export interface ServerInfo {
  service: string;
  id: string;
  name: string;
  version: string;
}

/** Dispatches `change` after anything here changed. */
export class Connection extends EventTarget {
  #state: ConnectionState = "connecting";
  #since: Date;
  #reason: string = texts.connecting;
  #principal: Principal | null = null;
  #server: ServerInfo | null = null;

  constructor(now: number) {
    super();
    this.#since = new Date(now);
  }

  /**
   * `connecting` until the first attempt has ended, then `live` or `offline`; `signed-out` when the server asks who this is;
   * `refused` when it does not want this client at all (a version too old, for one).
   */
  get state(): ConnectionState {
    return this.#state;
  }
  /** When this state began. */
  get since(): Date {
    return this.#since;
  }
  /** A sentence for people; "" while live. */
  get reason(): string {
    return this.#reason;
  }
  /** Who the server says this is; kept while offline, null when nobody is signed in. */
  get principal(): Principal | null {
    return this.#principal;
  }
  /** The server of the last live connection; null before the first. */
  get server(): ServerInfo | null {
    return this.#server;
  }

  /** @internal The link reports what happened. */
  become(state: ConnectionState, reason: string, now: number): void {
    if (state === this.#state && reason === this.#reason) return;
    if (state !== this.#state) this.#since = new Date(now);
    this.#state = state;
    this.#reason = reason;
    if (state === "signed-out") this.#principal = null;
    this.dispatchEvent(new Event("change"));
  }

  /** @internal The server has welcomed this client; `become("live")` follows. */
  identify(principal: Principal, server: ServerInfo): void {
    this.#principal = principal;
    this.#server = server;
  }

  /** @internal Who was signed in when the page was last open; true until the server says otherwise. */
  recall(principal: Principal): void {
    this.#principal = principal;
  }
}
