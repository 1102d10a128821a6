/** `<peek-progress value="0.4" label="Summary">`: how much of a task is done, as a bar and a figure. Without a value: under way. */
import { LitElement, css, html, nothing } from "lit";
import { percent } from "../format.ts";
import { typography } from "../theme/typography.ts";

export class PeekProgress extends LitElement {
  static override properties = { value: { type: Number }, label: {} };
  static override styles = [
    typography,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: var(--peek-space-2);
        min-width: 120px;
      }
      progress {
        flex: 1;
        min-width: 60px;
        height: 6px;
        border: 0;
        border-radius: 3px;
        overflow: hidden;
        appearance: none;
        background: var(--peek-surface-3);
        color: var(--peek-accent);
      }
      progress::-webkit-progress-bar {
        background: var(--peek-surface-3);
      }
      progress::-webkit-progress-value {
        background: var(--peek-accent);
      }
      progress::-moz-progress-bar {
        background: var(--peek-accent);
      }
      span {
        min-width: 5ch;
        text-align: end;
      }
    `,
  ];

  /** Between 0 and 1. */
  declare value: number | null;
  declare label: string;

  constructor() {
    super();
    this.value = null;
    this.label = "";
  }

  override render() {
    return html`<progress max="1" value=${this.value ?? nothing} aria-label=${this.label || nothing}></progress>
      <span>${percent(this.value === null ? null : this.value * 100)}</span>`;
  }
}
