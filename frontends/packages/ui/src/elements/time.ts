/** `<peek-time .value=${row.since}>`: a time in the reader's zone, with the full stamp on hover. */
import { LitElement, html, nothing } from "lit";
import { ago, stamp, time, toDate } from "../format.ts";
import { typography } from "../theme/typography.ts";

export class PeekTime extends LitElement {
  static override properties = { value: { attribute: false }, relative: { type: Boolean } };
  static override styles = typography;

  declare value: Date | string | null;
  /** Says "5 min ago"; written anew once a minute. */
  declare relative: boolean;
  private timer = 0;

  constructor() {
    super();
    this.value = null;
    this.relative = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = window.setInterval(() => this.relative && this.requestUpdate(), 60_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.clearInterval(this.timer);
  }

  override render() {
    const moment = toDate(this.value);
    const text = this.relative ? ago(moment) : time(moment);
    return html`<time datetime=${moment?.toISOString() ?? nothing} title=${stamp(moment) || nothing}>${text}</time>`;
  }
}
