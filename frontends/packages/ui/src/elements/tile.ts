/** `<peek-tile href="/x/plugin" heading="Trends" icon="chart" badge="3">`: a way into a plugin, with what waits there. */
import { LitElement, css, html, nothing } from "lit";
import { typography } from "../theme/typography.ts";

export class PeekTile extends LitElement {
  static override properties = { href: {}, heading: {}, icon: {}, src: {}, badge: {}, note: {} };
  static override styles = [
    typography,
    css`
      :host {
        display: block;
        min-width: 0;
      }
      a {
        position: relative;
        display: grid;
        align-content: space-between;
        gap: var(--peek-space-4);
        min-height: 112px;
        height: 100%;
        padding: var(--peek-space-4);
        border: 1px solid var(--peek-line);
        border-radius: var(--peek-radius);
        background: var(--peek-surface-1);
        color: var(--peek-text-strong);
        font-weight: 600;
        text-decoration: none;
        -webkit-tap-highlight-color: transparent;
      }
      a:hover {
        border-color: var(--peek-line-strong);
        color: var(--peek-text-strong);
      }
      a:active {
        background: var(--peek-surface-2);
      }
      peek-icon {
        width: 28px;
        height: 28px;
        color: var(--peek-accent);
      }
      .name {
        overflow-wrap: anywhere;
        line-height: 1.3;
      }
      .note {
        display: block;
        font-weight: 400;
      }
      .badge {
        position: absolute;
        top: var(--peek-space-3);
        inset-inline-end: var(--peek-space-3);
        min-width: 24px;
        padding: 0 8px;
        border-radius: 12px;
        background: var(--peek-danger-fill);
        color: var(--peek-on-danger);
        font-size: var(--peek-size-small);
        font-weight: 600;
        line-height: 24px;
        text-align: center;
      }
    `,
  ];

  declare href: string;
  declare heading: string;
  declare icon: string;
  declare src: string;
  /** A short count or word; nothing is shown for an empty one. */
  declare badge: string;
  declare note: string;

  constructor() {
    super();
    this.href = "";
    this.heading = "";
    this.icon = "plugin";
    this.src = "";
    this.badge = "";
    this.note = "";
  }

  override render() {
    return html`<a href=${this.href}>
      <peek-icon name=${this.icon} src=${this.src}></peek-icon>
      <span class="name">${this.heading}${this.note ? html`<span class="note weak small">${this.note}</span>` : nothing}</span>
      ${this.badge ? html`<span class="badge">${this.badge}</span>` : nothing}
    </a>`;
  }
}
