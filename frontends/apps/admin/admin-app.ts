/** The admin site's frame: a bar with the platform's health and a search, a rail of pages, and the page. */
import { html, nothing, type TemplateResult } from "lit";
import { ObserveController } from "@peek/ui";
import { ShellApp, type SitePage } from "../shell/shell-app.ts";
import { adminStyle } from "./admin-style.ts";
import { health, type DatabaseState, type PluginState, type Service } from "./platform.ts";
import { railItems, searchTargets } from "./places.ts";
import { texts } from "./texts.ts";

export class AdminApp extends ShellApp {
  static override properties = { ...ShellApp.properties, drawer: { state: true } };
  static override styles = [...ShellApp.styles, adminStyle];

  private declare drawer: boolean;
  private readonly services = new ObserveController<Service>(this, () => this.client, "peek.Service", {});
  private readonly states = new ObserveController<PluginState>(this, () => this.client, "peek.PluginState", {});
  private readonly databases = new ObserveController<DatabaseState>(this, () => this.client, "peek.DatabaseState", {});

  constructor() {
    super("admin");
    this.drawer = false;
    this.router.addEventListener("change", () => (this.drawer = false));
  }

  protected override sitePages(): Readonly<Record<string, SitePage>> {
    const { client } = this;
    const { query } = this.router;
    return {
      "": { title: texts.overview, render: () => html`<admin-overview .peek=${client}></admin-overview>` },
      plugins: { title: texts.plugins, render: () => html`<admin-plugins .peek=${client} .query=${query}></admin-plugins>` },
      tasks: { title: texts.tasks, render: () => html`<admin-tasks .peek=${client} .query=${query}></admin-tasks>` },
      people: { title: texts.people, render: () => html`<admin-people .peek=${client} .query=${query}></admin-people>` },
      activity: { title: texts.activity, render: () => html`<admin-activity .peek=${client} .query=${query}></admin-activity>` },
      settings: { title: texts.settings, render: () => html`<admin-settings .peek=${client} .query=${query}></admin-settings>` },
    };
  }

  protected override frame(): TemplateResult {
    const { principal } = this.client.connection;
    const allowed = principal?.kind === "service" || principal?.roles.includes("admin");
    return html`
      ${this.topBar()}
      <div class="body">
        <div class=${this.drawer ? "rail open" : "rail"} @keydown=${this.onRailKey}>
          <admin-rail .items=${railItems(this.catalogue.entries)} path=${this.router.path}></admin-rail>
        </div>
        ${this.drawer ? html`<button class="scrim" aria-label=${texts.closeMenu} @click=${() => (this.drawer = false)}></button>` : nothing}
        <main id="content" tabindex="-1">
          ${this.banners()}
          ${allowed ? this.content() : html`<peek-banner kind="warning">${texts.notAdmin}</peek-banner>`}
        </main>
      </div>
    `;
  }

  private topBar(): TemplateResult {
    const { connection } = this.client;
    const live = connection.state === "live" && this.services.status === "live";
    const { kind, word } = health(this.services.rows, this.states.rows, live, this.databases.rows);
    return html`<header class="top">
      ${this.skipButton()}
      <button
        class="quiet icon drawer"
        aria-label=${this.drawer ? texts.closeMenu : texts.openMenu}
        aria-expanded=${String(this.drawer)}
        @click=${() => (this.drawer = !this.drawer)}
      >
        <peek-icon name=${this.drawer ? "close" : "menu"}></peek-icon>
      </button>
      <a class="brand" href="/" aria-label=${this.platform}><peek-icon name="gauge"></peek-icon><span>${this.platform}</span></a>
      <peek-state class="health" filled kind=${kind}>${word}</peek-state>
      <admin-search .targets=${searchTargets(this.catalogue.entries)}></admin-search>
      <peek-outbox .client=${this.client}></peek-outbox>
      ${connection.state === "live" ? nothing : html`<peek-connection-state .connection=${connection}></peek-connection-state>`}
      <peek-account-menu .client=${this.client} .principal=${connection.principal}></peek-account-menu>
    </header>`;
  }

  private onRailKey(event: KeyboardEvent): void {
    if (event.key === "Escape") this.drawer = false;
  }
}
