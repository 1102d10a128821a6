/** The lines above a page: no connection, no offline use, a new version, a password to set. Nothing when all is well. */
import { LitElement, css, html, nothing } from "lit";
import type { PeekClient } from "@peek/client";
import { controls, typography } from "@peek/ui";
import { offlineUse } from "./offline-use.ts";
import { texts } from "./texts.ts";

const DISMISSED = "peek.insecure-dismissed";

export class PeekShellBanners extends LitElement {
  static override properties = { client: { attribute: false }, site: {}, state: {}, redeemed: { type: Boolean }, insecure: { state: true } };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        display: grid;
        gap: var(--peek-space-2);
      }
      peek-banner:last-of-type {
        margin-bottom: var(--peek-space-4);
      }
    `,
  ];

  declare client: PeekClient;
  declare site: string;
  /** The connection's state. */
  declare state: string;
  /** Somebody came with a one-time link just now. */
  declare redeemed: boolean;
  private declare insecure: boolean;
  private readonly changed = (): void => this.requestUpdate();

  constructor() {
    super();
    this.site = "";
    this.state = "";
    this.redeemed = false;
    this.insecure = !window.isSecureContext && readDismissed() === null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    offlineUse.addEventListener("change", this.changed);
    this.client.addEventListener("durability", this.changed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    offlineUse.removeEventListener("change", this.changed);
    this.client.removeEventListener("durability", this.changed);
  }

  override render() {
    const admin = this.site === "admin";
    return html`
      ${this.state === "offline" ? html`<peek-banner kind="warning">${admin ? texts.offlineBannerAdmin : texts.offlineBanner}</peek-banner>` : nothing}
      ${!admin && window.isSecureContext && !this.client.durability.durable ? html`<peek-banner kind="warning">${this.client.durability.reason}</peek-banner>` : nothing}
      ${this.insecure && !admin
        ? html`<peek-banner kind="notice">${texts.insecure}<button slot="action" class="quiet" @click=${this.dismissInsecure}>${texts.dismiss}</button></peek-banner>`
        : nothing}
      ${offlineUse.newVersion
        ? html`<peek-banner kind="notice">${texts.newVersion}<button slot="action" class="quiet" @click=${() => window.location.reload()}>${texts.reload}</button></peek-banner>`
        : nothing}
      ${this.redeemed
        ? html`<peek-banner kind="notice">
            ${texts.justRedeemed}
            <span slot="action">
              <button @click=${this.setPassword}>${texts.setPassword}</button>
              <button class="quiet" @click=${this.dismiss}>${texts.dismiss}</button>
            </span>
          </peek-banner>`
        : nothing}
    `;
  }

  private setPassword(): void {
    this.dispatchEvent(new CustomEvent("shell-open", { detail: "password", bubbles: true, composed: true }));
    this.dismiss();
  }

  private dismiss(): void {
    this.dispatchEvent(new CustomEvent("banner-dismiss"));
  }

  private dismissInsecure(): void {
    this.insecure = false;
    try {
      sessionStorage.setItem(DISMISSED, "1");
    } catch {
      // Then it is said again on the next page, which is honest.
    }
  }
}

function readDismissed(): string | null {
  try {
    return sessionStorage.getItem(DISMISSED);
  } catch {
    return null;
  }
}
