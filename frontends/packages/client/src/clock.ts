/** Time and chance, as the client sees them; tests bring their own. */
export interface Clock {
  /** Milliseconds since 1970, to tell people; somebody may set this clock at any time. */
  now(): number;
  /** Milliseconds since some moment, to tell how long something has lasted; nobody can set this one. */
  monotonic(): number;
  /** Calls back once after `milliseconds`; the returned function takes that back. */
  after(milliseconds: number, callback: () => void): () => void;
  /** A number in [0, 1). */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
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

const SHORTEST_MS = 500;
const LEAST_SPREAD_MS = 1_000;
const LONGEST_MS = 12_000;

/**
 * Delays between attempts to link again. Whoever loses a server loses it at the same moment as everybody else on it: the first delay is
 * anything from half a second to `spread`, later ones lie in the upper quarter below ceilings that double from there up to 12 s, which
 * keeps those apart who are apart already.
 */
export class Redialling {
  private failures = 0;
  private ceiling = LEAST_SPREAD_MS;

  constructor(private readonly clock: Clock) {}

  /** Over how many seconds the server wants its devices to return when they lose it. */
  spread(seconds: number): void {
    this.ceiling = Math.min(LONGEST_MS, Math.max(LEAST_SPREAD_MS, seconds * 1000));
  }

  /** The next delay in milliseconds. */
  next(): number {
    const ceiling = Math.min(LONGEST_MS, this.ceiling * 2 ** this.failures);
    const floor = this.failures === 0 ? SHORTEST_MS : ceiling * 0.75;
    this.failures += 1;
    return floor + this.clock.random() * (ceiling - floor);
  }

  reset(): void {
    this.failures = 0;
  }
}
