/** The account: who this is, the theme, the password, and signing out. Opened from the corner of every site. */
import { LitElement, css, html, nothing } from "lit";
import type { PeekClient, Principal } from "@peek/client";
import { chooseTheme, controls, currentTheme, toast, typography, type Theme } from "@peek/ui";
import { texts } from "./texts.ts";

const themes: readonly { value: Theme; label: string }[] = [
  { value: "system", label: texts.themeSystem },
  { value: "light", label: texts.themeLight },
  { value: "dark", label: texts.themeDark },
];

export class PeekAccountMenu extends LitElement {
  static override properties = { client: { attribute: false }, principal: { attribute: false } };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        display: inline-block;
      }
      [popover] {
        position: fixed;
        inset: calc(var(--shell-top, 56px) + 4px) 8px auto auto;
        width: min(288px, calc(100vw - 16px));
        margin: 0;
        padding: var(--peek-space-4);
        border: 1px solid var(--peek-line);
        border-radius: calc(var(--peek-radius) + 2px);
        background: var(--peek-surface-1);
        color: var(--peek-text);
        box-shadow: var(--peek-shadow);
      }
      [popover]:popover-open {
        display: grid;
        gap: var(--peek-space-4);
      }
      .who {
        display: grid;
        gap: 2px;
        overflow-wrap: anywhere;
      }
      .buttons {
        display: grid;
        gap: var(--peek-space-1);
        margin: 0 calc(-1 * var(--peek-space-2));
      }
      .buttons button {
        justify-content: flex-start;
        padding: 0 var(--peek-space-2);
      }
      .name {
        max-width: 16ch;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      @media (max-width: 899px) {
        .name {
          display: none;
        }
      }
    `,
  ];

  declare client: PeekClient;
  declare principal: Principal | null;

  override render() {
    const who = this.principal;
    const title = who?.title || who?.name || texts.account;
    return html`
      <button class="quiet" popovertarget="menu" aria-label=${`${texts.account}: ${title}`}>
        <peek-icon name="person"></peek-icon><span class="name">${title}</span>
      </button>
      <div id="menu" popover role="dialog" aria-label=${texts.account}>
        <div class="who">
          <span class="strong">${title}</span>
          ${who && who.name !== title ? html`<span class="weak small">${who.name}</span>` : nothing}
          <span class="weak small">${texts.roles}: ${who?.roles.join(", ") || texts.noRoles}</span>
        </div>
        <peek-field label=${texts.theme}>
          <select @change=${this.onTheme}>
            ${themes.map((theme) => html`<option value=${theme.value} ?selected=${theme.value === currentTheme()}>${theme.label}</option>`)}
          </select>
        </peek-field>
        <div class="buttons">
          <button class="quiet" @click=${() => this.ask("password")}><peek-icon name="key"></peek-icon>${texts.changePassword}</button>
          <button class="quiet" @click=${() => this.ask("shortcuts")}><peek-icon name="keyboard"></peek-icon>${texts.shortcuts}</button>
          <button class="quiet" @click=${this.signOut}><peek-icon name="sign-out"></peek-icon>${texts.signOut}</button>
        </div>
      </div>
    `;
  }

  private ask(what: "password" | "shortcuts"): void {
    this.renderRoot.querySelector<HTMLElement>("#menu")?.hidePopover();
    this.dispatchEvent(new CustomEvent("shell-open", { detail: what, bubbles: true, composed: true }));
  }

  private onTheme(event: Event): void {
    const chosen = themes.find((theme) => theme.value === (event.target as HTMLSelectElement).value);
    if (chosen) chooseTheme(chosen.value);
  }

  private async signOut(): Promise<void> {
    this.renderRoot.querySelector<HTMLElement>("#menu")?.hidePopover();
    try {
      await this.client.session.signOut();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "danger");
    }
  }
}
