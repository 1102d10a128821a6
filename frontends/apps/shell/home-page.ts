/** The start page of the mobile and desktop sites: a tile for each plugin, with what waits there. */
import { LitElement, css, html, nothing } from "lit";
import { typography } from "@peek/ui";
import type { BadgeBoard } from "./badges.ts";
import type { PluginCatalogue, PluginEntry } from "./plugin-catalogue.ts";
import { texts } from "./texts.ts";

export class PeekHomePage extends LitElement {
  static override properties = { catalogue: { attribute: false }, badges: { attribute: false }, ready: { type: Boolean } };
  static override styles = [
    typography,
    css`
      :host {
        display: block;
      }
      .tiles {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 216px), 1fr));
        gap: var(--peek-space-4);
      }
      .nothing {
        display: grid;
        justify-items: center;
        gap: var(--peek-space-2);
        padding: var(--peek-space-12) var(--peek-space-4);
        text-align: center;
      }
      .nothing peek-icon {
        width: 28px;
        height: 28px;
        color: var(--peek-text-weak);
      }
      @media (max-width: 599px) {
        .tiles {
          grid-template-columns: 1fr 1fr;
          gap: var(--peek-space-3);
        }
      }
    `,
  ];

  declare catalogue: PluginCatalogue;
  declare badges: BadgeBoard;
  declare ready: boolean;
  private readonly changed = (): void => this.requestUpdate();

  constructor() {
    super();
    this.ready = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.catalogue.addEventListener("change", this.changed);
    this.badges.addEventListener("change", this.changed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.catalogue.removeEventListener("change", this.changed);
    this.badges.removeEventListener("change", this.changed);
  }

  override render() {
    const entries = homeEntries(this.catalogue);
    if (entries.length === 0) {
      return this.ready
        ? html`<div class="nothing"><peek-icon name="plugin"></peek-icon><p class="strong">${texts.noPlugins}</p><p class="weak">${texts.noPluginsHelp}</p></div>`
        : nothing;
    }
    return html`<h1 class="visually-hidden">${texts.home}</h1>
      <div class="tiles">
        ${entries.map(
          ({ row }) => html`<peek-tile
            href=${`/x/${row.plugin}`}
            heading=${row.title}
            src=${row.icon}
            icon=${row.menu[0]?.icon || "plugin"}
            badge=${this.badges.of(row.plugin)}
          ></peek-tile>`,
        )}
      </div>`;
  }
}

/** The plugins that want a place on the start page, in order. */
export function homeEntries(catalogue: PluginCatalogue): readonly PluginEntry[] {
  return catalogue.entries.filter((entry) => entry.row.show_home_link);
}
