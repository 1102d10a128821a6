/** `<peek-state kind="ok">Running</peek-state>`: a state as icon, word and colour, never colour alone. */
import { LitElement, css, html } from "lit";
import { kinds } from "../theme/kinds.ts";
import { typography } from "../theme/typography.ts";

export type StateKind = "ok" | "notice" | "warning" | "danger" | "idle" | "pending";

export class PeekState extends LitElement {
  static override properties = { kind: { reflect: true }, filled: { type: Boolean, reflect: true } };
  static override styles = [
    typography,
    css`
      :host {
        display: inline-flex;
        align-items: flex-start;
        gap: 6px;
        max-width: 100%;
        vertical-align: top;
        color: var(--state);
        font-weight: 500;
        --state: var(--peek-text-weak);
        --soft: var(--peek-surface-2);
      }
      :host([filled]) {
        min-height: 24px;
        padding: 1px 10px 1px 6px;
        border-radius: 12px;
        background: var(--soft);
      }
      peek-icon {
        width: 18px;
        height: 18px;
        margin-top: calc((1.45em - 18px) / 2);
      }
      span {
        overflow: hidden;
        text-overflow: ellipsis;
      }
    `,
    kinds,
  ];

  declare kind: StateKind;
  /** On a soft ground, for where it must be met first. */
  declare filled: boolean;

  constructor() {
    super();
    this.kind = "idle";
    this.filled = false;
  }

  override render() {
    return html`<peek-icon name=${this.kind}></peek-icon><span><slot></slot></span>`;
  }
}
