/** The sign-in page: name and password, or a one-time code from the address. Refusals stand at the field they are about. */
import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import type { PeekClient } from "@peek/client";
import { controls, typography } from "@peek/ui";
import { texts } from "./texts.ts";

export class PeekSignIn extends LitElement {
  static override properties = {
    client: { attribute: false },
    code: {},
    platform: {},
    nameError: { state: true },
    passwordError: { state: true },
    busy: { state: true },
    linkError: { state: true },
  };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        display: grid;
        place-items: center;
        min-height: 100dvh;
        padding: var(--peek-space-4);
        background: var(--peek-surface-0);
      }
      main {
        display: grid;
        gap: var(--peek-space-6);
        width: min(376px, 100%);
        padding: var(--peek-space-8);
        border: 1px solid var(--peek-line);
        border-radius: calc(var(--peek-radius) + 2px);
        background: var(--peek-surface-1);
      }
      header {
        display: grid;
        gap: var(--peek-space-1);
      }
      .mark {
        width: 32px;
        height: 32px;
        margin-bottom: var(--peek-space-2);
        color: var(--peek-accent);
      }
      form {
        display: grid;
        gap: var(--peek-space-4);
      }
      button {
        width: 100%;
        min-height: max(40px, var(--peek-control));
      }
      @media (max-width: 479px) {
        main {
          padding: var(--peek-space-6) var(--peek-space-4);
        }
      }
    `,
  ];

  declare client: PeekClient;
  /** A one-time code; it is redeemed at once. */
  declare code: string;
  declare platform: string;
  private declare nameError: string;
  private declare passwordError: string;
  private declare linkError: string;
  private declare busy: boolean;

  constructor() {
    super();
    this.code = "";
    this.platform = "Peek";
    this.nameError = "";
    this.passwordError = "";
    this.linkError = "";
    this.busy = false;
  }

  protected override firstUpdated(): void {
    if (this.code) void this.redeem();
    else this.renderRoot.querySelector<HTMLElement>("input")?.focus();
  }

  override render() {
    return html`<main>
      <header>
        <peek-icon class="mark" name="gauge"></peek-icon>
        <h1>${texts.signIn}</h1>
        <p class="weak">${this.platform}</p>
      </header>
      ${this.code && !this.linkError ? html`<p role="status">${texts.redeeming}</p>` : this.form()}
    </main>`;
  }

  private form(): TemplateResult {
    return html`<form novalidate @submit=${this.signIn}>
      ${this.linkError ? html`<peek-banner kind="danger">${texts.linkFailed}. ${this.linkError}</peek-banner>` : nothing}
      <peek-field label=${texts.name} error=${this.nameError}>
        <input name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required @input=${() => (this.nameError = "")} />
      </peek-field>
      <peek-field label=${texts.password} error=${this.passwordError}>
        <input name="password" type="password" autocomplete="current-password" required @input=${() => (this.passwordError = "")} />
      </peek-field>
      <button class="primary" ?disabled=${this.busy}>${texts.signIn}</button>
      <p class="weak small">${texts.signInHelp}</p>
    </form>`;
  }

  private async signIn(event: Event): Promise<void> {
    event.preventDefault();
    const [name, password] = this.renderRoot.querySelectorAll("input");
    if (!name || !password || this.busy) return;
    this.nameError = name.value.trim() ? "" : texts.nameMissing;
    this.passwordError = password.value ? "" : texts.passwordMissing;
    if (this.nameError || this.passwordError) return (this.nameError ? name : password).focus();
    this.busy = true;
    try {
      await this.client.session.signIn(name.value.trim(), password.value);
      this.dispatchEvent(new CustomEvent("signed-in"));
    } catch (error) {
      this.passwordError = error instanceof Error ? error.message : String(error);
      password.select();
    } finally {
      this.busy = false;
    }
  }

  private async redeem(): Promise<void> {
    try {
      await this.client.session.redeem(this.code);
      this.dispatchEvent(new CustomEvent("signed-in", { detail: "code" }));
    } catch (error) {
      this.linkError = error instanceof Error ? error.message : String(error);
    }
  }
}
