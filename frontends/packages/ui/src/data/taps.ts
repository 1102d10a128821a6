/**
 * Marks for what was tapped and is not shown yet. A mark stays from the tap until the view includes what it did (or it was refused), also
 * while there is no network, so the reader never wonders whether a tap was lost, and never sees the old value without its mark.
 */
import type { ReactiveControllerHost } from "lit";
import type { ActionAnswer, PeekClient } from "@peek/client";
import type { ObserveController } from "./observe-controller.ts";

export class Taps<K = string | number> {
  /** How many taps on each key are under way. */
  private readonly underWay = new Map<K, number>();

  /** @param view shows what the taps change; `host` is rendered when a mark comes or goes. */
  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly client: () => PeekClient,
    private readonly view: ObserveController<unknown>,
  ) {}

  /** Whether something that was tapped on `key` (a row's id) is not shown yet. */
  has(key: K): boolean {
    return this.underWay.has(key);
  }

  /** Does an action on behalf of `key`. Resolves when the view shows what it did or it was rejected; rejects as `act` of the client does. */
  async act(key: K, type: string, action: object): Promise<ActionAnswer> {
    this.count(key, 1);
    try {
      const answer = await this.client().act(type, action);
      await answer.seenBy(this.view);
      return answer;
    } finally {
      this.count(key, -1);
    }
  }

  private count(key: K, by: number): void {
    const left = (this.underWay.get(key) ?? 0) + by;
    if (left > 0) this.underWay.set(key, left);
    else this.underWay.delete(key);
    this.host.requestUpdate();
  }
}
