/**
 * `<peek-field label="Name" help="…" error="…"><input></peek-field>`: label above, help below, error at the field. The control stays a
 * native one in the page's own markup; its name and description for assistive technology are kept in step here, because
 * a label cannot point across a shadow root.
 */
import { LitElement, css, html, nothing } from "lit";
import { texts } from "../texts.ts";
import { typography } from "../theme/typography.ts";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export class PeekField extends LitElement {
  static override properties = { label: {}, help: {}, error: {}, optional: { type: Boolean } };
  static override styles = [
    typography,
    css`
      :host {
        display: grid;
        gap: var(--peek-space-1);
        min-width: 0;
      }
      .label {
        color: var(--peek-text-strong);
        font-weight: 500;
        line-height: 20px;
      }
      .below {
        font-size: var(--peek-size-small);
        line-height: 18px;
        color: var(--peek-text-weak);
      }
      .error {
        display: flex;
        gap: 6px;
        color: var(--peek-danger);
        font-weight: 500;
      }
      .error peek-icon {
        width: 16px;
        height: 16px;
        margin-top: 1px;
      }
    `,
  ];

  declare label: string;
  declare help: string;
  /** A sentence; it takes the place of the help and marks the control. */
  declare error: string;
  /** Says "optional" beside the label. */
  declare optional: boolean;

  constructor() {
    super();
    this.label = "";
    this.help = "";
    this.error = "";
    this.optional = false;
  }

  override render() {
    return html`
      <label class="label" @click=${this.focusControl}>
        ${this.label}${this.optional ? html` <span class="weak small">${texts.optional}</span>` : nothing}
      </label>
      <slot @slotchange=${this.describe}></slot>
      ${this.error
        ? html`<div class="below error" role="alert"><peek-icon name="danger"></peek-icon><span>${this.error}</span></div>`
        : this.help
          ? html`<div class="below">${this.help}</div>`
          : nothing}
    `;
  }

  protected override updated(): void {
    this.describe();
  }

  private get control(): Control | null {
    return this.querySelector<Control>("input, select, textarea");
  }

  private describe(): void {
    const control = this.control;
    if (!control) return;
    control.setAttribute("aria-label", this.label);
    setOrRemove(control, "aria-description", this.error || this.help);
    setOrRemove(control, "aria-invalid", this.error ? "true" : "");
  }

  private focusControl(): void {
    this.control?.focus();
  }
}

function setOrRemove(element: Element, name: string, value: string): void {
  if (value) element.setAttribute(name, value);
  else element.removeAttribute(name);
}
