/** The exchanges this side has opened on the present link (`i` in the protocol), and who waits for their answers. */
import type { PeekError } from "./errors.ts";
import type { Frame } from "./frames.ts";

export interface Exchange {
  /** A frame with this exchange's number has come. */
  answered(frame: Frame): void;
  /** The link is gone; no answer will come. */
  lost(error: PeekError): void;
}

export class Exchanges {
  private readonly open = new Map<number, Exchange>();
  private last = 0;

  /** Numbers an exchange. Numbers are never used twice, so a late answer cannot reach the wrong one. */
  begin(exchange: Exchange): number {
    this.last += 1;
    this.open.set(this.last, exchange);
    return this.last;
  }

  /** Nothing more is wanted of this exchange; what still comes for it is dropped. */
  end(i: number): void {
    this.open.delete(i);
  }

  /** Hands a frame to its exchange. False when this number was never given out. */
  answer(i: number, frame: Frame): boolean {
    this.open.get(i)?.answered(frame);
    return Number.isInteger(i) && i > 0 && i <= this.last;
  }

  /** The link is gone: ends all of them, the oldest first. */
  loseAll(error: PeekError): void {
    const lost = [...this.open.values()];
    this.open.clear();
    for (const exchange of lost) exchange.lost(error);
  }
}
