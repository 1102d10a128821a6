/**
 * Frames on their way out. All that is ready in one turn of the event loop travels in one message, large ones in parts beside it; what
 * would be too large, or would pile up behind a slow network, is refused with an error instead of being queued without bound.
 */
import type { Clock } from "./clock.ts";
import { PeekError } from "./errors.ts";
import { concatenate, packFrame, TO_SERVER, type Frame } from "./frames.ts";
import { cut, LANES, LARGE, orderOf } from "./parts.ts";
import type { Socket } from "./socket.ts";
import { texts } from "./texts.ts";

/** Bytes that may wait in the socket, or beside it in parts, before new frames are refused. */
export const WAITING_BYTES = 4 * 1024 * 1024;
/** Bytes that may wait in the socket before the next part is held back: whatever is sent meanwhile waits behind them. */
export const AHEAD_BYTES = 128 * 1024;
/** How often the socket is looked at meanwhile; it does not tell. */
const LOOK_MS = 10;

/** Frames that go past everything: without them the link is given up, or a stream stands still. */
const CONTROL = new Set(["ping", "pong", "more"]);

interface Departing {
  order: string;
  lane: number;
  parts: Uint8Array[];
}

interface Waiting {
  order: string;
  packed: Uint8Array;
}

export class Outgoing {
  private ready: Uint8Array[] = [];
  private readyBytes = 0;
  /** Large frames that leave part by part, in turns. */
  private readonly departing: Departing[] = [];
  /** What belongs behind one of them, or is large itself and has no lane yet. */
  private aside: Waiting[] = [];
  private readonly taken = new Set<string>();
  private scheduled = false;
  private disarm: (() => void) | null = null;
  private closed = false;

  constructor(
    private readonly socket: Socket,
    private readonly clock: Clock,
  ) {}

  /** Throws PeekError: `BadRequest` for a frame that is too large, `Unavailable` while the network is congested. */
  send(frame: Frame): void {
    const packed = packFrame(frame);
    if (packed.length > TO_SERVER.frame) throw new PeekError("BadRequest", texts.tooLarge(packed.length, TO_SERVER.frame));
    if (this.socket.waiting + this.readyBytes + this.besides() > WAITING_BYTES) throw new PeekError("Unavailable", texts.congested);
    this.enqueue(frame, packed);
  }

  /** For small frames that keep the protocol going (hello, pong, cancel): they are not refused. */
  put(frame: Frame): void {
    this.enqueue(frame, packFrame(frame));
  }

  /** Sends at once what is ready, and of large frames what the socket has room for. */
  flush(): void {
    if (this.closed) return;
    while (this.departing.length > 0 && this.socket.waiting + this.readyBytes <= AHEAD_BYTES) {
      this.addPart();
      this.sendReady();
    }
    this.sendReady();
    if (this.departing.length > 0) this.disarm ??= this.clock.after(LOOK_MS, () => this.look());
  }

  /** The socket is closing: what is ready still leaves, and nothing more. */
  close(): void {
    if (!this.closed) this.sendReady();
    this.closed = true;
    this.disarm?.();
  }

  private enqueue({ header }: Frame, packed: Uint8Array): void {
    const alone = this.taken.size === 0 && packed.length <= LARGE;
    if (alone || CONTROL.has(String(header["k"]))) this.makeReady(packed);
    else this.admit({ order: orderOf(header), packed });
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  private admit(waiting: Waiting): void {
    const { order, packed } = waiting;
    const isBehind = this.taken.has(order);
    if (!isBehind && packed.length <= LARGE) return this.makeReady(packed);
    this.taken.add(order);
    if (isBehind || this.departing.length === LANES) {
      this.aside.push(waiting);
      return;
    }
    const lanes = new Set(this.departing.map(({ lane }) => lane));
    const lane = Array.from({ length: LANES }, (_, index) => index + 1).find((free) => !lanes.has(free)) ?? 1;
    this.departing.push({ order, lane, parts: cut(packed, lane) });
  }

  private makeReady(packed: Uint8Array): void {
    if (this.readyBytes + packed.length > TO_SERVER.message) this.sendReady();
    this.ready.push(packed);
    this.readyBytes += packed.length;
  }

  /** The next part of the large frame whose turn it is. */
  private addPart(): void {
    const departing = this.departing.shift();
    const part = departing?.parts.shift();
    if (departing === undefined || part === undefined) return;
    this.makeReady(part);
    if (departing.parts.length > 0) this.departing.push(departing);
    else this.lookAgain();
  }

  /** A large frame has left: what was set aside goes now, or waits for the others. */
  private lookAgain(): void {
    const { aside } = this;
    this.aside = [];
    this.taken.clear();
    for (const { order } of this.departing) this.taken.add(order);
    for (const waiting of aside) this.admit(waiting);
  }

  /** Bytes that wait beside what is ready. */
  private besides(): number {
    const waiting = [...this.departing.flatMap(({ parts }) => parts), ...this.aside.map(({ packed }) => packed)];
    return waiting.reduce((sum, { length }) => sum + length, 0);
  }

  private look(): void {
    this.disarm = null;
    this.flush();
  }

  private sendReady(): void {
    if (this.ready.length === 0) return;
    const message = concatenate(this.ready);
    this.ready = [];
    this.readyBytes = 0;
    this.socket.send(message);
  }
}
