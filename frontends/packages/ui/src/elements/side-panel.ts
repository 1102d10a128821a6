/**
 * `<peek-side-panel heading="…" @panel-close=${…}>`: details beside a list, not over it; on a narrow screen it takes the whole of it. Esc closes.
 * Put it into a `.beside` row after the list.
 */
import { LitElement, css, html } from "lit";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";

export class PeekSidePanel extends LitElement {
  static override properties = { heading: {} };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        position: sticky;
        top: calc(var(--shell-top, 0px) + var(--peek-space-4));
        display: block;
        flex: none;
        width: clamp(320px, 30vw, 480px);
        max-height: calc(100dvh - var(--shell-top, 0px) - 32px);
        overflow: auto;
        border: 1px solid var(--peek-line);
        border-radius: var(--peek-radius);
        background: var(--peek-surface-1);
      }
      header {
        position: sticky;
        top: 0;
        display: flex;
        align-items: flex-start;
        gap: var(--peek-space-2);
        padding: var(--peek-space-2) var(--peek-space-2) var(--peek-space-2) var(--peek-space-4);
        background: var(--peek-surface-1);
      }
      h2 {
        flex: 1;
        padding: calc((var(--peek-control) - 24px) / 2) 0;
        overflow-wrap: anywhere;
      }
      /* It has the focus so that reading begins here; it is no control. */
      h2:focus {
        outline: none;
      }
      .content {
        padding: var(--peek-space-1) var(--peek-space-4) var(--peek-space-4);
      }
      @media (max-width: 1023px) {
        :host {
          position: fixed;
          inset: 0;
          z-index: 30;
          width: auto;
          max-height: none;
          border: 0;
          border-radius: 0;
        }
      }
    `,
  ];

  declare heading: string;
  private returnTo: Element | null = null;

  constructor() {
    super();
    this.heading = "";
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      this.close();
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.returnTo = deepestFocus(document);
    this.setAttribute("role", "complementary");
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.returnTo instanceof HTMLElement && this.returnTo.isConnected) this.returnTo.focus({ preventScroll: true });
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
  }

  override render() {
    return html`<header>
        <h2 tabindex="-1">${this.heading}</h2>
        <button class="quiet icon" aria-label=${texts.close} @click=${this.close}><peek-icon name="close"></peek-icon></button>
      </header>
      <div class="content"><slot></slot></div>`;
  }

  private close(): void {
    this.dispatchEvent(new CustomEvent("panel-close"));
  }
}

function deepestFocus(root: Document | ShadowRoot): Element | null {
  const active = root.activeElement;
  return active?.shadowRoot ? (deepestFocus(active.shadowRoot) ?? active) : active;
}
