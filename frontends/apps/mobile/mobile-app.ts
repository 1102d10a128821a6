/** The mobile site's frame: a slim header, the page, and a bar at the thumb with the start page and the first plugins. */
import { html, nothing, type TemplateResult } from "lit";
import { homeEntries } from "../shell/home-page.ts";
import { ShellApp, type SitePage } from "../shell/shell-app.ts";
import { texts } from "../shell/texts.ts";
import { mobileStyle } from "./mobile-style.ts";

const FAVOURITES = 4;

export class MobileApp extends ShellApp {
  static override styles = [...ShellApp.styles, mobileStyle];

  constructor() {
    super("mobile");
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
    const home = this.router.path === "/";
    return html`
      <header class="top">
      ${this.skipButton()}
        ${home ? html`<peek-icon class="mark" name="gauge"></peek-icon>` : html`<a class="button quiet icon" href="/" aria-label=${texts.home}><peek-icon name="chevron-left"></peek-icon></a>`}
        ${home ? html`<span class="title">${this.platform}</span>` : html`<h1 class="title">${this.pageTitle()}</h1>`}
        <peek-outbox .client=${this.client}></peek-outbox>
        ${connection.state === "offline" ? nothing : html`<peek-connection-state .connection=${connection}></peek-connection-state>`}
        <peek-account-menu .client=${this.client} .principal=${connection.principal}></peek-account-menu>
      </header>
      <main id="content" tabindex="-1">${this.banners()}${this.content()}</main>
      <nav class="bar" aria-label=${texts.menu}>
        ${this.place("/", texts.home, "home", "", "", home)}
        ${homeEntries(this.catalogue)
          .slice(0, FAVOURITES)
          .map(({ row }) => {
            const path = `/x/${row.plugin}`;
            const here = this.router.path === path || this.router.path.startsWith(`${path}/`);
            return this.place(path, row.title, row.menu[0]?.icon || "plugin", row.icon, this.badges.of(row.plugin), here);
          })}
      </nav>
    `;
  }

  private place(path: string, title: string, icon: string, src: string, badge: string, here: boolean): TemplateResult {
    return html`<a href=${path} aria-current=${here ? "page" : nothing}>
      <span class="picture"><peek-icon name=${icon} src=${src}></peek-icon>${badge ? html`<span class="badge">${badge}</span>` : nothing}</span>
      <span class="label">${title}</span>
    </a>`;
  }
}
