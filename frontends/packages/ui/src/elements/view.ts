/**
 * `<peek-view .controller=${this.rows}>…</peek-view>`: the four states every view has. Loading is a skeleton that appears only
 * after 150 ms, an error says what happened and offers another try, nothing says so, and old values carry a banner.
 */
import { LitElement, css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { ObserveController } from "../data/observe-controller.ts";
import { stamp, time } from "../format.ts";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";

type Watched = ObserveController<unknown>;

export class PeekView extends LitElement {
  static override properties = {
    controller: { attribute: false },
    empty: {},
    help: {},
    bare: { type: Boolean },
  };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        display: block;
        min-width: 0;
      }
      .message {
        display: grid;
        justify-items: center;
        gap: var(--peek-space-2);
        padding: var(--peek-space-8) var(--peek-space-4);
        text-align: center;
      }
      .message > peek-icon {
        width: 28px;
        height: 28px;
        color: var(--peek-text-weak);
      }
      .message.failed > peek-icon {
        color: var(--peek-danger);
      }
      peek-banner {
        margin-bottom: var(--peek-space-3);
      }
    `,
  ];

  /** One controller, or several that the view needs together. */
  declare controller: Watched | readonly Watched[] | undefined;
  /** What to say when there are no rows. */
  declare empty: string;
  /** What to do about it, below. */
  declare help: string;
  /** Shows the content even without rows; for content with an empty state of its own. */
  declare bare: boolean;
  private unsubscribe: (() => void)[] = [];

  constructor() {
    super();
    this.empty = texts.empty;
    this.help = "";
    this.bare = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.watch();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.release();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("controller")) this.watch();
  }

  private get watched(): readonly Watched[] {
    const given = this.controller;
    if (given === undefined) return [];
    return "rows" in given ? [given] : given;
  }

  private watch(): void {
    this.release();
    if (this.isConnected) this.unsubscribe = this.watched.map((one) => one.subscribe(() => this.requestUpdate()));
  }

  private release(): void {
    for (const stop of this.unsubscribe) stop();
    this.unsubscribe = [];
  }

  override render() {
    const all = this.watched;
    const failed = all.find((one) => one.status === "error");
    const stale = all.find((one) => one.status === "stale");
    const rows = all.some((one) => one.rows.length > 0);
    if (failed && !rows) return this.failure(failed);
    if (!failed && all.some((one) => one.status === "loading" && one.rows.length === 0)) return html`<peek-skeleton></peek-skeleton>`;
    const banner = failed ? this.failureBanner(failed) : stale ? this.staleBanner(stale) : nothing;
    if (!rows && !this.bare && all.length > 0) return html`${banner}${this.nothingHere()}`;
    return html`${banner}<slot></slot>`;
  }

  private nothingHere(): TemplateResult {
    return html`<div class="message">
      <peek-icon name="idle"></peek-icon>
      <p class="strong">${this.empty}</p>
      ${this.help ? html`<p class="weak">${this.help}</p>` : nothing}
      <slot name="empty"></slot>
    </div>`;
  }

  private failure(one: Watched): TemplateResult {
    return html`<div class="message failed" role="alert">
      <peek-icon name="danger"></peek-icon>
      <p class="strong">${texts.failed}</p>
      <p>${one.error}</p>
      <button @click=${() => one.retry()}><peek-icon name="refresh"></peek-icon>${texts.retry}</button>
    </div>`;
  }

  private failureBanner(one: Watched): TemplateResult {
    return html`<peek-banner kind="danger">
      ${one.error}<button class="quiet" slot="action" @click=${() => one.retry()}>${texts.retry}</button>
    </peek-banner>`;
  }

  private staleBanner(one: Watched): TemplateResult {
    return html`<peek-banner kind="warning" title=${stamp(one.at)}>${texts.staleBanner(time(one.at), one.reason)}</peek-banner>`;
  }
}
