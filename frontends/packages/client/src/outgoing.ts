/**
 * Frames on their way out. All that is ready in one turn of the event loop travels in one message; what would be too large, or
 * would pile up behind a slow network, is refused with an error instead of being queued without bound.
 */
import { PeekError } from "./errors.ts";
import { concatenate, packFrame, TO_SERVER, type Frame } from "./frames.ts";
import type { Socket } from "./socket.ts";
import { texts } from "./texts.ts";

/** Bytes that may wait in the socket before new frames are refused. */
export const WAITING_BYTES = 4 * 1024 * 1024;

export class Outgoing {
  private ready: Uint8Array[] = [];
  private scheduled = false;
  private bytes = 0;
  private closed = false;

  constructor(private readonly socket: Socket) {}

  /** Throws PeekError: `BadRequest` for a frame that is too large, `Unavailable` while the network is congested. */
  send(frame: Frame): void {
    const packed = packFrame(frame);
    if (packed.length > TO_SERVER.message) {
      throw new PeekError("BadRequest", texts.tooLarge(packed.length, TO_SERVER.message));
    }
    if (this.socket.waiting + this.bytes > WAITING_BYTES) throw new PeekError("Unavailable", texts.congested);
    this.enqueue(packed);
  }

  /** For small frames that keep the protocol going (hello, pong, cancel): they are not refused. */
  put(frame: Frame): void {
    this.enqueue(packFrame(frame));
  }

  private enqueue(packed: Uint8Array): void {
    if (this.bytes + packed.length > TO_SERVER.message) this.flush();
    this.ready.push(packed);
    this.bytes += packed.length;
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  /** Sends at once what is ready. */
  flush(): void {
    if (this.closed || this.ready.length === 0) return;
    const message = concatenate(this.ready);
    this.ready = [];
    this.bytes = 0;
    this.socket.send(message);
  }

  /** The socket is closing: nothing more leaves. */
  close(): void {
    this.flush();
    this.closed = true;
  }
}
