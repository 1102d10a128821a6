/** A client on a fake socket, a fake clock and memory, with the server's side of the wire in the hands of the test. */
import assert from "node:assert/strict";
import type { Clock } from "../src/clock.ts";
import { PeekClient, type PeekClientOptions, type View } from "../src/index.ts";
import { memoryStorage, type DeviceStorage } from "../src/device_storage.ts";
import { frame, jsonBody, pack, unpack, type Frame } from "../src/frames.ts";
import { memoryKeyValueStore, type KeyValueStore } from "../src/ids.ts";
import type { Json, JsonObject } from "../src/json.ts";
import type { Socket, SocketEvents, WakeReason } from "../src/socket.ts";

export const ADMIN: JsonObject = { kind: "person", name: "anna", title: "Anna", roles: ["user"] };

/** Time stands still until the test moves it. */
export class FakeClock implements Clock {
  private time = Date.UTC(2026, 0, 1);
  private timers: { at: number; callback: () => void }[] = [];
  chance = 0.5;

  /** How much somebody has set the clock of this machine forward or back. */
  setBy = 0;

  now(): number {
    return this.time + this.setBy;
  }
  monotonic(): number {
    return this.time;
  }
  random(): number {
    return this.chance;
  }
  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.time + milliseconds, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }
  /** Moves time on, running what is due in order, with everything that follows from it. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      await turns();
      const [due] = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (due === undefined) break;
      this.timers = this.timers.filter((other) => other !== due);
      this.time = Math.max(this.time, due.at);
      due.callback();
    }
    this.time = end;
    await turns();
  }
}

/** Lets everything run that is ready to. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for what takes real time (inflating), with a deadline. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `within 5 s: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** One socket that the client opened, seen from the server. */
export class FakeSocket implements Socket {
  readonly received: Frame[] = [];
  messages = 0;
  waiting = 0;
  closedWith: number | null = null;

  constructor(
    readonly url: string,
    readonly events: SocketEvents,
  ) {}

  send(message: Uint8Array): void {
    assert.equal(this.closedWith, null, "nothing is sent on a closed socket");
    this.messages += 1;
    this.received.push(...unpack(message.slice()));
  }
  close(code: number): void {
    this.closedWith ??= code;
  }

  /** The headers of a kind that have arrived. */
  headers(kind: string): JsonObject[] {
    return this.of(kind).map(({ header }) => header);
  }
  of(kind: string): Frame[] {
    return this.received.filter(({ header }) => header["k"] === kind);
  }
  last(kind: string): Frame {
    const found = this.of(kind).at(-1);
    assert.ok(found, `a ${kind} frame has arrived`);
    return found;
  }

  async reply(...frames: Frame[]): Promise<void> {
    this.events.message(pack(frames).slice().buffer as ArrayBuffer);
    await turns();
  }
  async welcome(principal: JsonObject = ADMIN): Promise<void> {
    this.events.opened();
    await turns();
    await this.reply(frame({ k: "welcome", protocol: 1, service: "client", id: "c1", name: "client", version: "0.1.0", principal, time: "2026-01-01T00:00:00Z" }));
  }
  async drop(code = 1006, reason = ""): Promise<void> {
    this.events.closed(code, reason);
    await turns();
  }
}

/** Everything around one client. */
export class Scene {
  readonly clock = new FakeClock();
  readonly sockets: FakeSocket[] = [];
  readonly small: KeyValueStore;
  readonly storage: DeviceStorage;
  readonly client: PeekClient;
  wake: (why: WakeReason) => void = () => {};

  constructor({ storage = memoryStorage(), small = memoryKeyValueStore(), ...options }: SceneOptions = {}) {
    this.storage = storage;
    this.small = small;
    this.client = new PeekClient({
      site: "mobile",
      url: "ws://server/vortex",
      clock: this.clock,
      storage: { open: async () => this.storage, small },
      socket: (url, events) => {
        const socket = new FakeSocket(url, events);
        this.sockets.push(socket);
        return socket;
      },
      wakes: (woken) => {
        this.wake = woken;
        return () => (this.wake = () => {});
      },
      ...options,
    });
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    assert.ok(socket, "a socket was opened");
    return socket;
  }

  /** Starts the client and welcomes it. */
  async live(principal: JsonObject = ADMIN): Promise<FakeSocket> {
    this.client.start();
    await turns();
    await this.socket.welcome(principal);
    return this.socket;
  }

  /** Collects what a listener of a selector is told. */
  observe(type: string, selector: JsonObject = {}): { views: View<Json>[]; stop: () => void; get last(): View<Json> } {
    const views: View<Json>[] = [];
    const stop = this.client.observe<Json>(type, selector, (view) => views.push(view));
    return {
      views,
      stop,
      get last() {
        const view = views.at(-1);
        assert.ok(view, "the listener was told");
        return view;
      },
    };
  }
}

export interface SceneOptions extends Partial<Omit<PeekClientOptions, "storage">> {
  storage?: DeviceStorage;
  small?: KeyValueStore;
}

/** A `state` frame for a subscription. */
export function state(sub: Frame, rows: Json[], { digest = "d1", ...more }: JsonObject & { digest?: string } = {}): Frame {
  const { i, t } = sub.header;
  const header: JsonObject = { k: "state", i: i ?? 0, t: t ?? "", epoch: "e1", rev: 1, dig: digest, at: "2026-01-01T00:00:00Z", ...more };
  return frame(header, jsonBody({ t: t ?? "", rows }));
}

/** An answer to the exchange that `asked` opened. */
export function answer(asked: Frame, header: JsonObject, value?: Json): Frame {
  return frame({ i: asked.header["i"] ?? 0, ...header }, value === undefined ? undefined : jsonBody(value));
}
