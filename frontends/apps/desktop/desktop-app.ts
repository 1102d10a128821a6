/** The desktop site's frame, for control rooms: one slim header with the plugins and what waits, and the whole width for the page. */
import { html, nothing, type TemplateResult } from "lit";
import { number } from "@peek/ui";
import { homeEntries } from "../shell/home-page.ts";
import type { PluginEntry } from "../shell/plugin-catalogue.ts";
import { ShellApp, type SitePage } from "../shell/shell-app.ts";
import { texts } from "../shell/texts.ts";
import { desktopStyle } from "./desktop-style.ts";

export class DesktopApp extends ShellApp {
  static override styles = [...ShellApp.styles, desktopStyle];

  constructor() {
    super("desktop");
  }

  protected override sitePages(): Readonly<Record<string, SitePage>> {
    return {
      "": {
        title: texts.home,
        render: () => html`<peek-home-page .catalogue=${this.catalogue} .badges=${this.badges} ?ready=${this.plugins.status !== "loading"}></peek-home-page>`,
      },
    };
  }

  protected override frame(): TemplateResult {
    const { connection } = this.client;
    return html`
      <header class="top">
      ${this.skipButton()}
        <a class="brand" href="/" aria-label=${this.platform}><peek-icon name="gauge"></peek-icon><span>${this.platform}</span></a>
        <nav aria-label=${texts.plugins}>${homeEntries(this.catalogue).map((entry) => this.link(entry))}</nav>
        ${this.waiting()}
        <peek-outbox .client=${this.client}></peek-outbox>
        <peek-connection-state .connection=${connection}></peek-connection-state>
        <peek-account-menu .client=${this.client} .principal=${connection.principal}></peek-account-menu>
      </header>
      <main id="content" tabindex="-1">${this.banners()}${this.content()}</main>
    `;
  }

  private link({ row }: PluginEntry): TemplateResult {
    const base = `/x/${row.plugin}`;
    const here = this.router.path === base || this.router.path.startsWith(`${base}/`);
    const badge = this.badges.of(row.plugin);
    return html`<a href=${base} aria-current=${here ? "page" : nothing}>
      <peek-icon src=${row.icon} name=${row.menu[0]?.icon || "plugin"}></peek-icon>${row.title}
      ${badge ? html`<span class="badge">${badge}</span>` : nothing}
    </a>`;
  }

  /** How many things wait in all plugins together; a control room meets this first. */
  private waiting(): TemplateResult | typeof nothing {
    const total = this.badges.total;
    if (total === 0) return nothing;
    return html`<a class="waiting" href="/"><peek-state filled kind="danger">${texts.waiting(number(total, 0))}</peek-state></a>`;
  }
}
