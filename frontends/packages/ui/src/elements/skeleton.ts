/** `<peek-skeleton>`: the shape of what is on its way. It appears after 150 ms, so that what comes at once does not flicker. */
import { LitElement, css, html } from "lit";
import { texts } from "../texts.ts";

export class PeekSkeleton extends LitElement {
  static override styles = css`
    :host {
      display: grid;
      gap: 12px;
      padding: var(--peek-space-4);
      opacity: 0;
      animation: appear 0s 150ms forwards;
    }
    i {
      height: 16px;
      border-radius: 4px;
      background: var(--peek-surface-3);
    }
    i:nth-child(2) {
      width: 82%;
    }
    i:nth-child(3) {
      width: 64%;
    }
    @keyframes appear {
      to {
        opacity: 1;
      }
    }
  `;

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute("role", "status");
    this.setAttribute("aria-label", texts.loading);
  }

  override render() {
    return html`<i></i><i></i><i></i>`;
  }
}
