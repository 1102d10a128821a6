/**
 * Where a plugin's page stands. Mounts the element of the route, gives it client, parameters and query, and keeps the shell whole: a page that
 * cannot load or breaks while rendering is a card here. A new release replaces the element and inherits its `state`.
 */
import { LitElement, css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { Json, PeekClient } from "@peek/client";
import { controls, toast, typography } from "@peek/ui";
import { watchFaults } from "./page-faults.ts";
import type { PluginCatalogue } from "./plugin-catalogue.ts";
import { matchPath, type Params } from "./router.ts";
import { texts } from "./texts.ts";

interface PageElement extends HTMLElement {
  peek: PeekClient;
  params: Params;
  query: Params;
  state: Record<string, Json>;
}

export class PeekPluginPage extends LitElement {
  static override properties = {
    client: { attribute: false },
    catalogue: { attribute: false },
    plugin: {},
    rest: {},
    query: { attribute: false },
    ready: { type: Boolean },
    broken: { state: true },
  };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        display: block;
        min-width: 0;
      }
      .wait {
        min-height: 200px;
      }
      .page > * {
        display: block;
      }
      peek-banner {
        margin-bottom: var(--peek-space-4);
      }
      pre {
        max-width: 100%;
        margin: var(--peek-space-2) 0 0;
        overflow: auto;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];

  declare client: PeekClient;
  declare catalogue: PluginCatalogue;
  declare plugin: string;
  /** The path below the plugin. */
  declare rest: string;
  declare query: Params;
  /** The list of plugins has arrived; before that an unknown plugin is one that is not known yet. */
  declare ready: boolean;
  private declare broken: string;
  private element: PageElement | null = null;
  private shownRoute = "";
  private mounting = "";
  private brokenName = "";
  private stopFaults: () => void = () => undefined;
  private readonly changed = (): void => this.requestUpdate();

  constructor() {
    super();
    this.plugin = "";
    this.rest = "";
    this.query = {};
    this.ready = false;
    this.broken = "";
    this.addEventListener("peek-page-error", (event) => this.onBroken((event as CustomEvent<unknown>).detail));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.catalogue?.addEventListener("change", this.changed);
    if (this.hasUpdated) this.watch();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.catalogue?.removeEventListener("change", this.changed);
    this.stopFaults();
  }

  protected override willUpdate(changed: PropertyValues): void {
    const before = changed.get("catalogue") as PluginCatalogue | undefined;
    if (changed.has("catalogue")) {
      before?.removeEventListener("change", this.changed);
      this.catalogue.addEventListener("change", this.changed);
    }
    if (changed.has("plugin") || changed.has("rest")) this.mend();
    if (changed.has("plugin")) this.watch();
    void this.catalogue.need(this.plugin);
    this.mount();
  }

  private watch(): void {
    this.stopFaults();
    this.stopFaults = watchFaults(window, this.plugin, (message) => toast(`${this.catalogue.entry(this.plugin)?.row.title ?? this.plugin}: ${message}`, "danger"));
  }

  /** Chooses and feeds the element; creating it runs the plugin's own code, so any fault of that is caught here. */
  private mount(): void {
    const module = this.catalogue.entry(this.plugin)?.module;
    const match = module && matchPath(module.pages.keys(), this.rest);
    const name = match ? module.pages.get(match.pattern) : undefined;
    if (!match || !name) return this.leave();
    // A page that broke is not made again by itself; a new release of it is tried.
    if (this.brokenName === name) return;
    const route = `${this.plugin} ${match.pattern}`;
    if (this.element?.localName !== name) {
      const inherited = this.shownRoute === route ? this.element?.state : undefined;
      this.leave();
      this.broken = "";
      this.mounting = name;
      try {
        this.element = document.createElement(name) as PageElement;
        this.element.peek = this.client;
        if (inherited) this.element.state = inherited;
      } catch (error) {
        return this.onBroken(error);
      }
      this.shownRoute = route;
    }
    this.feed(match.params);
  }

  private feed(params: Params): void {
    if (!this.element) return;
    // Equal parameters keep their object, so that a page is not rendered for nothing.
    if (JSON.stringify(this.element.params) !== JSON.stringify(params)) this.element.params = params;
    if (JSON.stringify(this.element.query) !== JSON.stringify(this.query)) this.element.query = this.query;
  }

  /** Forgets that the page broke, so that it is made again. */
  private mend(): void {
    this.broken = "";
    this.brokenName = "";
  }

  private leave(): void {
    this.element = null;
    this.shownRoute = "";
  }

  private onBroken(error: unknown): void {
    this.broken = error instanceof Error ? error.message : String(error);
    this.brokenName = this.mounting;
    console.error(`The page of ${this.plugin} broke.`, error);
    this.leave();
  }

  override render() {
    const entry = this.catalogue.entry(this.plugin);
    if (!entry) return this.ready ? this.card(texts.pageMissing, texts.pluginMissing(this.plugin)) : this.wait();
    const title = entry.row.title;
    if (this.broken) return this.card(texts.pageBroken(title), texts.pageBrokenHelp, this.broken, () => this.mend());
    if (!entry.module && entry.failure) return this.card(texts.pageFailed(title), entry.failure, "", () => void this.catalogue.retry(this.plugin));
    if (!entry.module) return this.wait();
    if (!this.element) return this.card(texts.pageMissing, texts.pageMissingHelp);
    return html`${entry.failure ? this.releaseFailed(title, entry.failure) : nothing}
      <div class="page">${this.element}</div>`;
  }

  private releaseFailed(title: string, failure: string): TemplateResult {
    return html`<peek-banner kind="warning">
      ${texts.releaseFailed(title)} ${failure}
      <button slot="action" class="quiet" @click=${() => void this.catalogue.retry(this.plugin)}>${texts.retry}</button>
    </peek-banner>`;
  }

  private wait(): TemplateResult {
    return html`<peek-skeleton class="wait"></peek-skeleton>`;
  }

  private card(heading: string, text: string, details = "", retry?: () => void): TemplateResult {
    return html`<peek-card heading=${heading}>
      <div class="stack">
        <p>${text}</p>
        ${details ? html`<details><summary>${texts.details}</summary><pre>${details}</pre></details>` : nothing}
        <div class="row">
          ${retry ? html`<button class="primary" @click=${retry}>${texts.retry}</button>` : nothing}
          <a class="button" href="/">${texts.goHome}</a>
        </div>
      </div>
    </peek-card>`;
  }
}
