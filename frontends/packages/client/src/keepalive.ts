/**
 * Notices a peer that is gone although its socket is open (a phone that changed networks, a laptop that slept). After ten seconds of
 * silence it asks; after ten more without a word it gives up.
 */
import type { Clock } from "./clock.ts";

export const IDLE_MS = 10_000;
export const ANSWER_MS = 10_000;

export class Keepalive {
  private lastHeard: number;
  private askedAt: number | null = null;
  private pings = 0;
  private disarm: () => void = () => {};

  /** @param ask sends a ping with this number. @param giveUp is called once, when the peer is taken for gone. */
  constructor(
    private readonly clock: Clock,
    private readonly ask: (n: number) => void,
    private readonly giveUp: () => void,
  ) {
    this.lastHeard = clock.monotonic();
    this.arm(IDLE_MS);
  }

  /** Anything at all has arrived. */
  heard(): void {
    this.lastHeard = this.clock.monotonic();
    this.askedAt = null;
  }

  /** Asks at once: something happened that sockets do not notice. */
  probe(): void {
    if (this.askedAt !== null) return;
    this.askedAt = this.clock.monotonic();
    this.pings += 1;
    this.ask(this.pings);
    this.arm(ANSWER_MS);
  }

  stop(): void {
    this.disarm();
  }

  // One timer that looks at the clock when it fires is cheaper than one that is set anew for every message.
  private arm(milliseconds: number): void {
    this.disarm();
    this.disarm = this.clock.after(milliseconds, () => this.look());
  }

  private look(): void {
    const now = this.clock.monotonic();
    if (this.askedAt !== null) {
      const left = this.askedAt + ANSWER_MS - now;
      if (left > 0) this.arm(left);
      else this.giveUp();
      return;
    }
    const left = this.lastHeard + IDLE_MS - now;
    if (left > 0) this.arm(left);
    else this.probe();
  }
}
