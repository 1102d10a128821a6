/** `<peek-card heading="Services">`: a bordered surface with a heading, an `actions` slot beside it and the content below. */
import { LitElement, css, html, nothing } from "lit";
import { typography } from "../theme/typography.ts";

export class PeekCard extends LitElement {
  static override properties = { heading: {}, flush: { type: Boolean, reflect: true } };
  static override styles = [
    typography,
    css`
      :host {
        display: block;
        min-width: 0;
        border: 1px solid var(--peek-line);
        border-radius: var(--peek-radius);
        background: var(--peek-surface-1);
      }
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--peek-space-2);
        min-height: 48px;
        padding: var(--peek-space-2) var(--peek-space-4);
      }
      h2 {
        margin-inline-end: auto;
        overflow-wrap: anywhere;
      }
      .content {
        padding: var(--peek-space-4);
      }
      header + .content {
        padding-top: var(--peek-space-1);
      }
      :host([flush]) .content {
        padding: 0;
        overflow: hidden;
        border-radius: 0 0 var(--peek-radius) var(--peek-radius);
      }
      :host([flush]) header {
        border-bottom: 1px solid var(--peek-line);
      }
    `,
  ];

  declare heading: string;
  /** Without padding, for a table that reaches the card's edges. */
  declare flush: boolean;

  constructor() {
    super();
    this.heading = "";
    this.flush = false;
  }

  override render() {
    return html`
      ${this.heading ? html`<header><h2>${this.heading}</h2><slot name="actions"></slot></header>` : nothing}
      <div class="content"><slot></slot></div>
    `;
  }
}
