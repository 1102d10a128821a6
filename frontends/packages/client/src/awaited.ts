/** Who waits until one subscription's state includes what an action did. Says what to ask the server, and tells each once. */
export class Awaited {
  private readonly waiting = new Map<string, ((seen: boolean) => void)[]>();
  private readonly asked = new Set<string>();

  /** Resolves with true once `settle` finds it included, with false when `giveUp` ends the waiting. */
  add(tx: string): Promise<boolean> {
    return new Promise((resolve) => this.waiting.set(tx, [...(this.waiting.get(tx) ?? []), resolve]));
  }

  /** The server knows of no question any more: a new subscription has begun. */
  forgotten(): void {
    this.asked.clear();
  }

  /** Tells whoever waits for something that is included now. */
  settle(included: (tx: string) => boolean): void {
    for (const tx of [...this.waiting.keys()]) if (included(tx)) this.tell(tx, true);
  }

  /** What the server has to be asked for: each transaction once. */
  toAsk(): string[] {
    const fresh = [...this.waiting.keys()].filter((tx) => !this.asked.has(tx));
    for (const tx of fresh) this.asked.add(tx);
    return fresh;
  }

  /** Nobody can tell any more. */
  giveUp(): void {
    for (const tx of [...this.waiting.keys()]) this.tell(tx, false);
  }

  private tell(tx: string, seen: boolean): void {
    const resolvers = this.waiting.get(tx) ?? [];
    this.waiting.delete(tx);
    this.asked.delete(tx);
    for (const resolve of resolvers) resolve(seen);
  }
}
