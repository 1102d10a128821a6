/**
 * The base of every page: admin pages and the pages of plugins. The shell gives a page its client, its route parameters
 * and its query before it is connected; a fault while rendering becomes an event that the shell shows as a card, so
 * that one broken page never takes the site with it.
 */
import { LitElement, type PropertyDeclarations } from "lit";
import type { Json, PeekClient } from "@peek/client";
import { ObserveController, type SelectorSource } from "./data/observe-controller.ts";
import { Taps } from "./data/taps.ts";
import { reportFaults } from "./faults.ts";
import { controls } from "./theme/controls.ts";
import { typography } from "./theme/typography.ts";

export abstract class PeekPage extends LitElement {
  static override styles = [typography, controls];

  static override properties: PropertyDeclarations = {
    peek: { attribute: false },
    params: { attribute: false },
    query: { attribute: false },
    state: { attribute: false },
  };

  /** The connected client of this site. */
  declare peek: PeekClient;
  /** Parameters of the route: for `detail/:id` at `/x/plugin/detail/7`, `{id: "7"}`. */
  declare params: Record<string, string>;
  /** The query of the address, `?a=1` as `{a: "1"}`. Change it with `setQuery`, so that a reload shows the same. */
  declare query: Record<string, string>;
  /** Kept, as it is, when a new release of the plugin replaces this page without a reload. */
  declare state: Record<string, Json>;

  constructor() {
    super();
    this.params = {};
    this.query = {};
    this.state = {};
  }

  /**
   * Observes a tuple type for as long as the page is shown, and renders the page again on every change. A selector given as
   * a function is read before each render, so it may depend on `params`; null means "nothing yet".
   */
  observe<T>(type: string, selector: SelectorSource = {}): ObserveController<T> {
    return new ObserveController<T>(this, () => this.peek, type, selector);
  }

  /** Actions whose marks stay until `view`, an observed type of this page, shows what they did. */
  taps<K = string | number>(view: ObserveController<unknown>): Taps<K> {
    return new Taps<K>(this, () => this.peek, view);
  }

  /** Goes to a path of this site; a path without a leading `/` is not supported. */
  go(path: string): void {
    this.dispatchEvent(new CustomEvent("peek-go", { detail: path, bubbles: true, composed: true }));
  }

  /** Changes parts of the query in the address without a step in the history; an empty value removes its key. */
  setQuery(changes: Record<string, string>): void {
    this.dispatchEvent(new CustomEvent("peek-query", { detail: changes, bubbles: true, composed: true }));
  }

  protected override performUpdate(): void {
    reportFaults(this, () => super.performUpdate());
  }
}
