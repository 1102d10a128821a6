/** Time and chance, as the client sees them; tests bring their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once after `milliseconds`; the returned function takes that back. */
  after(milliseconds: number, callback: () => void): () => void;
  /** A number in [0, 1). */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/** Delays between tries: full jitter below a ceiling that doubles with each failure. */
export class Backoff {
  private failures = 0;

  /** @param first ceiling of the first delay, in milliseconds. @param most ceiling of all. */
  constructor(
    private readonly clock: Clock,
    private readonly first: number,
    private readonly most: number,
  ) {}

  /** The next delay in milliseconds. */
  next(): number {
    const ceiling = Math.min(this.most, this.first * 2 ** this.failures);
    this.failures += 1;
    return this.clock.random() * ceiling;
  }

  reset(): void {
    this.failures = 0;
  }
}
