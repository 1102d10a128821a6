/**
 * Short messages about what just happened. `toast("Saved", "ok")` from anywhere; they stand at the foot of the page, are read out, and
 * leave by themselves, except refusals, which stay until dismissed.
 */
import { LitElement, css, html } from "lit";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";
import type { StateKind } from "./state.ts";

interface Toast {
  id: number;
  text: string;
  kind: StateKind;
}

const SHOWN_FOR_MS = 6000;
const MOST = 4;

export class PeekToastRegion extends LitElement {
  static override properties = { toasts: { state: true } };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        position: fixed;
        inset: auto 0 calc(16px + env(safe-area-inset-bottom) + var(--peek-foot)) 0;
        z-index: 100;
        display: grid;
        justify-items: center;
        gap: var(--peek-space-2);
        width: auto;
        max-width: none;
        margin: 0 auto;
        padding: 0 var(--peek-space-4);
        border: 0;
        background: none;
        pointer-events: none;
      }
      div {
        display: flex;
        align-items: center;
        gap: var(--peek-space-3);
        max-width: min(560px, 100%);
        padding: var(--peek-space-1) var(--peek-space-1) var(--peek-space-1) var(--peek-space-4);
        border: 1px solid var(--peek-line-strong);
        border-radius: var(--peek-radius);
        background: var(--peek-surface-1);
        color: var(--peek-text-strong);
        box-shadow: var(--peek-shadow);
        pointer-events: auto;
      }
      peek-state {
        color: var(--peek-text-strong);
      }
    `,
  ];

  private declare toasts: readonly Toast[];
  private nextId = 1;

  constructor() {
    super();
    this.toasts = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute("popover", "manual");
    this.setAttribute("role", "status");
    this.setAttribute("aria-live", "polite");
  }

  add(text: string, kind: StateKind): void {
    const id = this.nextId++;
    this.toasts = [...this.toasts, { id, text, kind }].slice(-MOST);
    // Shown anew each time, so that it lies above a dialog opened in the meantime.
    this.hidePopover();
    this.showPopover();
    if (kind !== "danger") window.setTimeout(() => this.dismiss(id), SHOWN_FOR_MS);
  }

  override render() {
    return this.toasts.map(
      (one) => html`<div>
        <peek-state kind=${one.kind}>${one.text}</peek-state>
        <button class="quiet icon" aria-label=${texts.dismiss} @click=${() => this.dismiss(one.id)}><peek-icon name="close"></peek-icon></button>
      </div>`,
    );
  }

  private dismiss(id: number): void {
    this.toasts = this.toasts.filter((one) => one.id !== id);
    if (this.toasts.length === 0) this.hidePopover();
  }
}

/** Says something that just happened: "ok" for done, "danger" for refused (stays), "notice" otherwise. */
export function toast(text: string, kind: StateKind = "notice"): void {
  let region = document.querySelector<PeekToastRegion>("peek-toast");
  if (!region) {
    region = document.createElement("peek-toast") as PeekToastRegion;
    document.body.append(region);
  }
  region.add(text, kind);
}
