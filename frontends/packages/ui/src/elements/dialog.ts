/**
 * `<peek-dialog heading="…" ?open=${…} @dialog-close=${…}>`: the browser's own modal dialog with our heading. Esc and the cross close it; the
 * focus goes to the first field and afterwards back to where it was.
 */
import { LitElement, css, html, type PropertyValues } from "lit";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";

export class PeekDialog extends LitElement {
  static override properties = { heading: {}, open: { type: Boolean, reflect: true }, wide: { type: Boolean, reflect: true } };
  static override styles = [
    typography,
    controls,
    css`
      /* No box of its own: a dialog beside other content must not cost a gap there. */
      :host {
        display: contents;
      }
      dialog {
        width: min(480px, calc(100vw - 32px));
        max-height: calc(100dvh - 32px);
        padding: 0;
        overflow: auto;
        border: 1px solid var(--peek-line);
        border-radius: calc(var(--peek-radius) + 2px);
        background: var(--peek-surface-1);
        color: var(--peek-text);
        box-shadow: var(--peek-shadow);
      }
      :host([wide]) dialog {
        width: min(760px, calc(100vw - 32px));
      }
      dialog::backdrop {
        background: var(--peek-scrim);
      }
      header {
        position: sticky;
        top: 0;
        z-index: 1;
        display: flex;
        align-items: flex-start;
        gap: var(--peek-space-2);
        padding: var(--peek-space-3) var(--peek-space-3) var(--peek-space-2) var(--peek-space-6);
        background: var(--peek-surface-1);
      }
      h2 {
        flex: 1;
        padding: calc((var(--peek-control) - 24px) / 2) 0;
        overflow-wrap: anywhere;
      }
      .content {
        padding: 0 var(--peek-space-6) var(--peek-space-6);
      }
      @media (max-width: 479px) {
        header {
          padding-inline-start: var(--peek-space-4);
        }
        .content {
          padding-inline: var(--peek-space-4);
        }
      }
    `,
  ];

  declare heading: string;
  declare open: boolean;
  declare wide: boolean;

  constructor() {
    super();
    this.heading = "";
    this.open = false;
    this.wide = false;
  }

  override render() {
    return html`<dialog aria-label=${this.heading} @close=${this.onClose}>
      <header>
        <h2>${this.heading}</h2>
        <button class="quiet icon" aria-label=${texts.close} @click=${this.close}><peek-icon name="close"></peek-icon></button>
      </header>
      <div class="content">${this.open ? html`<slot></slot>` : ""}</div>
    </dialog>`;
  }

  close(): void {
    this.native?.close();
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has("open")) return;
    const native = this.native;
    if (!native) return;
    if (this.open && !native.open) {
      native.showModal();
      const first = this.querySelector<HTMLElement>("[autofocus]") ?? this.querySelector<HTMLElement>("input:not([disabled]), select, textarea");
      first?.focus();
    } else if (!this.open && native.open) native.close();
  }

  private get native(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  private onClose(): void {
    this.open = false;
    this.dispatchEvent(new CustomEvent("dialog-close"));
  }
}
