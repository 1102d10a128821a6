/**
 * All selectors that this page observes. Equal selectors share one subscription, so a page of fifty widgets asks the server for each
 * selector once.
 */
import { canonicalJson, type JsonObject } from "./json.ts";
import { Subscription, type SubscriptionParts } from "./subscription.ts";
import type { Listener } from "./view.ts";

export class Views {
  private readonly observed = new Map<string, Subscription>();
  private principal = "";
  /** Why there is no live link; null while it is live or still being made. */
  private away: string | null = null;
  private live = false;

  constructor(private readonly parts: SubscriptionParts) {}

  /** Observes a selector until the returned function is called. */
  observe(type: string, selector: JsonObject, listener: Listener): () => void {
    const key = keyOf(type, selector);
    let subscription = this.observed.get(key);
    if (subscription === undefined) {
      subscription = new Subscription(this.parts, type, selector, () => this.observed.delete(key));
      this.observed.set(key, subscription);
      subscription.begin(this.principal);
      if (this.live) subscription.resume();
      else if (this.away !== null) subscription.suspend(this.away);
    }
    return subscription.listen(listener);
  }

  /** Resolves with true when what is observed includes the transaction `tx`; with false when nobody can tell, or nobody observes it. */
  async includes(type: string, selector: JsonObject, tx: string): Promise<boolean> {
    const subscription = this.observed.get(keyOf(type, selector));
    return tx !== "" && subscription !== undefined && subscription.includes(tx);
  }

  /** Whose states these are from now on. Rows of another person are forgotten. */
  belongTo(principal: string): void {
    if (principal === this.principal) return;
    this.principal = principal;
    for (const subscription of this.observed.values()) subscription.begin(principal);
  }

  /** The link is live: asks for everything that is observed. */
  resume(): void {
    this.live = true;
    this.away = null;
    for (const subscription of this.observed.values()) subscription.resume();
  }

  /** There is no link, for this reason. */
  suspend(reason: string): void {
    this.live = false;
    this.away = reason;
    for (const subscription of this.observed.values()) subscription.suspend(reason);
  }

  /** Writes to the device what is not there yet. */
  flush(): void {
    for (const subscription of this.observed.values()) subscription.flush();
  }

  /** Ends every subscription; listeners hear nothing more. */
  stop(): void {
    for (const subscription of [...this.observed.values()]) subscription.end();
  }
}

function keyOf(type: string, selector: JsonObject): string {
  return `${type}\n${canonicalJson(selector)}`;
}
