/**
 * The common life of the three sites: the client and its connection, the session gate, the address, the plugins and their pages, banners and
 * dialogs. A site extends it and draws its own frame around `content()`.
 */
import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { PeekClient } from "@peek/client";
import { ObserveController, controls, typography } from "@peek/ui";
import { BadgeBoard } from "./badges.ts";
import { browserModules } from "./module-source.ts";
import { offlineUse } from "./offline-use.ts";
import { PluginCatalogue, type UiPlugin } from "./plugin-catalogue.ts";
import { Router, attachRouter, matchPath, type Params } from "./router.ts";
import { signInCode } from "./sign-in-code.ts";
import { attachShortcuts } from "./shortcuts.ts";
import { shellStyle } from "./shell-style.ts";
import { texts } from "./texts.ts";

export type Site = "admin" | "mobile" | "desktop";

/** A page of the site itself: what it is called and how it is drawn. */
export interface SitePage {
  title: string;
  render: (params: Params) => TemplateResult;
}

export abstract class ShellApp extends LitElement {
  static override properties = {
    code: { state: true },
    dialog: { state: true },
    redeemed: { state: true },
  };
  static override styles = [typography, controls, shellStyle];

  readonly site: Site;
  readonly client: PeekClient;
  readonly router: Router;
  readonly catalogue: PluginCatalogue;
  readonly badges: BadgeBoard;
  private declare code: string;
  private declare dialog: "" | "password" | "shortcuts";
  private declare redeemed: boolean;
  protected readonly plugins: ObserveController<UiPlugin>;
  private detach: (() => void)[] = [];
  private wasLive = false;

  constructor(site: Site) {
    super();
    this.site = site;
    this.client = new PeekClient({ site, version: document.documentElement.dataset["version"] });
    this.router = new Router(window);
    this.catalogue = new PluginCatalogue(browserModules);
    this.badges = new BadgeBoard(this.client, this.catalogue);
    this.plugins = new ObserveController<UiPlugin>(this, () => this.client, "peek.UiPlugin", { site });
    this.code = signInCode(window.location);
    this.dialog = "";
    this.redeemed = false;
  }

  /** The site's own pages by pattern; plugin pages are added to them. */
  protected abstract sitePages(): Readonly<Record<string, SitePage>>;

  /** The frame of the site around its content. */
  protected abstract frame(): TemplateResult;

  override connectedCallback(): void {
    super.connectedCallback();
    const again = (): void => this.requestUpdate();
    const ended = new AbortController();
    this.router.addEventListener("change", again, { signal: ended.signal });
    this.catalogue.addEventListener("change", again, { signal: ended.signal });
    this.badges.addEventListener("change", again, { signal: ended.signal });
    this.client.connection.addEventListener("change", again, { signal: ended.signal });
    this.client.connection.addEventListener("change", () => this.followConnection(), { signal: ended.signal });
    window.addEventListener("online", () => this.retryPages(), { signal: ended.signal });
    this.client.addEventListener("outbox", again, { signal: ended.signal });
    this.addEventListener("shell-open", (event) => (this.dialog = (event as CustomEvent<"password" | "shortcuts">).detail), { signal: ended.signal });
    this.detach = [
      () => ended.abort(),
      attachRouter(this.router, window),
      attachShortcuts(this, () => (this.dialog = "shortcuts")),
      this.plugins.subscribe(() => this.takePlugins()),
    ];
    // What is known already was told before the callback above was there.
    this.takePlugins();
    // A code is redeemed before the first connection, which would otherwise be refused.
    if (!this.code) this.client.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.detach) stop();
    this.detach = [];
    this.client.stop();
  }

  private takePlugins(): void {
    if (this.plugins.status === "loading" || (this.plugins.status === "error" && this.plugins.rows.length === 0)) return;
    this.catalogue.update(this.plugins.rows);
    offlineUse.keep(this.plugins.rows.map((row) => row.module));
  }

  private followConnection(): void {
    const live = this.client.connection.state === "live";
    if (live && !this.wasLive) this.retryPages();
    this.wasLive = live;
  }

  /** Pages that could not be loaded, most often for lack of a network, are tried again as soon as there is one. */
  private retryPages(): void {
    for (const entry of this.catalogue.entries) if (entry.failure) void this.catalogue.retry(entry.row.plugin);
  }

  protected override updated(_changed: PropertyValues): void {
    const title = this.pageTitle();
    document.title = title ? `${title} · ${this.platform}` : this.platform;
  }

  /** The name of this platform, for the frame and the title. */
  protected get platform(): string {
    return this.client.connection.server?.name || "Peek";
  }

  override render() {
    const { state, principal, reason } = this.client.connection;
    if (this.code || state === "signed-out") return this.signIn();
    if (state === "refused") return this.notice(texts.refused, reason, true);
    if (state === "connecting" && !principal) return html`<div class="gate" role="status" aria-label=${texts.checking}></div>`;
    if (state === "offline" && !principal && this.plugins.rows.length === 0) return this.notice(texts.offlineStart, `${reason}. ${texts.offlineStartHelp}`);
    return html`${this.frame()}${this.dialogs()}`;
  }

  /** The page that the address names. */
  protected content(): TemplateResult {
    const pages = this.sitePages();
    const { path, query } = this.router;
    const match = matchPath([...Object.keys(pages), "x/:plugin/*"], path);
    if (!match) return this.missing();
    const page = pages[match.pattern];
    if (page) return page.render(match.params);
    return html`<peek-plugin-page
      .client=${this.client}
      .catalogue=${this.catalogue}
      .query=${query}
      plugin=${match.params["plugin"] ?? ""}
      rest=${match.params["rest"] ?? ""}
      ?ready=${this.plugins.status !== "loading"}
    ></peek-plugin-page>`;
  }

  /** First in every header: takes the keyboard past the frame. Seen only while it has the focus. */
  protected skipButton(): TemplateResult {
    const skip = (): void => this.renderRoot.querySelector<HTMLElement>("#content")?.focus();
    return html`<button class="skip" @click=${skip}>${texts.skip}</button>`;
  }

  /** What stands above every page when there is something to say about the connection or this device. */
  protected banners(): TemplateResult {
    return html`<peek-shell-banners
      .client=${this.client}
      site=${this.site}
      state=${this.client.connection.state}
      ?redeemed=${this.redeemed}
      @banner-dismiss=${() => (this.redeemed = false)}
    ></peek-shell-banners>`;
  }

  /** The name of the page that the address names. */
  protected pageTitle(): string {
    const pages = this.sitePages();
    const match = matchPath([...Object.keys(pages), "x/:plugin/*"], this.router.path);
    if (!match) return texts.pageMissing;
    return pages[match.pattern]?.title ?? this.catalogue.entry(match.params["plugin"] ?? "")?.row.title ?? "";
  }

  private missing(): TemplateResult {
    return html`<peek-card heading=${texts.pageMissing}>
      <div class="stack"><p>${texts.pageMissingHelp}</p><div><a class="button" href="/">${texts.goHome}</a></div></div>
    </peek-card>`;
  }

  private signIn(): TemplateResult {
    return html`<peek-sign-in .client=${this.client} code=${this.code} platform=${this.platform} @signed-in=${this.onSignedIn}></peek-sign-in>`;
  }

  private onSignedIn(event: CustomEvent<string | null>): void {
    this.redeemed = event.detail === "code";
    this.code = "";
    // Replaced, so that neither Back nor a bookmark leads to a used code.
    if (this.router.path === "/sign-in") this.router.go("/", { replace: true });
    this.client.start();
  }

  private notice(heading: string, text: string, reload = false): TemplateResult {
    return html`<main class="gate">
      <peek-card heading=${heading}>
        <div class="stack">
          <p role="status">${text}</p>
          ${reload ? html`<div><button class="primary" @click=${() => window.location.reload()}>${texts.reloadPage}</button></div>` : nothing}
        </div>
      </peek-card>
    </main>`;
  }

  private dialogs(): TemplateResult {
    const closed = (): void => void (this.dialog = "");
    return html`
      <peek-password-dialog .client=${this.client} ?open=${this.dialog === "password"} @dialog-close=${closed}></peek-password-dialog>
      <peek-shortcuts ?open=${this.dialog === "shortcuts"} @dialog-close=${closed}></peek-shortcuts>
    `;
  }
}
