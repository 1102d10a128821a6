/** `<peek-banner kind="warning">…</peek-banner>`: one line across a page or card; the `action` slot holds what can be done about it. */
import { LitElement, css, html } from "lit";
import { kinds } from "../theme/kinds.ts";
import { typography } from "../theme/typography.ts";
import type { StateKind } from "./state.ts";

export class PeekBanner extends LitElement {
  static override properties = { kind: { reflect: true } };
  static override styles = [
    typography,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--peek-space-1) var(--peek-space-2);
        min-height: 40px;
        padding: 6px var(--peek-space-3);
        border-radius: var(--peek-radius);
        background: var(--soft);
        color: var(--peek-text-strong);
        --state: var(--peek-notice);
        --soft: var(--peek-notice-soft);
      }
      peek-icon {
        color: var(--state);
      }
      .text {
        flex: 1 1 200px;
        min-width: 0;
        overflow-wrap: anywhere;
      }
    `,
    kinds,
  ];

  declare kind: StateKind;

  constructor() {
    super();
    this.kind = "notice";
  }

  override render() {
    return html`<peek-icon name=${this.kind}></peek-icon>
      <div class="text" role=${this.kind === "danger" ? "alert" : "status"}><slot></slot></div>
      <slot name="action"></slot>`;
  }
}
