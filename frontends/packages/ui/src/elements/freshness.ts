/** `<peek-freshness .controller=${this.rows}>`: live, or how old what is shown is and why. */
import { LitElement, css, html, nothing, type PropertyValues } from "lit";
import type { ObserveController } from "../data/observe-controller.ts";
import { stamp, time } from "../format.ts";
import { texts } from "../texts.ts";
import { typography } from "../theme/typography.ts";

export class PeekFreshness extends LitElement {
  static override properties = { controller: { attribute: false } };
  static override styles = [
    typography,
    css`
      :host {
        display: inline-block;
        font-size: var(--peek-size-small);
      }
    `,
  ];

  declare controller: ObserveController<unknown> | undefined;
  private unsubscribe: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.watch();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unsubscribe?.();
    this.unsubscribe = null;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("controller")) this.watch();
  }

  private watch(): void {
    this.unsubscribe?.();
    this.unsubscribe = this.isConnected ? (this.controller?.subscribe(() => this.requestUpdate()) ?? null) : null;
  }

  override render() {
    const seen = this.controller;
    if (!seen) return nothing;
    if (seen.status === "live") return html`<peek-state kind="ok" title=${stamp(seen.at)}>${texts.live}</peek-state>`;
    if (seen.status !== "stale") return nothing;
    return html`<peek-state kind="warning" title=${stamp(seen.at)}>
      ${seen.at ? `${texts.asOf(time(seen.at))}. ` : nothing}${texts.stale(seen.reason)}
    </peek-state>`;
  }
}
