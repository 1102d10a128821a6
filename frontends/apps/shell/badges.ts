/**
 * What waits at each plugin, as its module's `badge` export says. Modules are loaded for it one after the other when the page has nothing better to
 * do, so that a site with many plugins opens as fast as one with none.
 */
import type { PeekClient } from "@peek/client";
import type { LoadedModule, PluginCatalogue } from "./plugin-catalogue.ts";

/** Dispatches `change` when a badge has. */
export class BadgeBoard extends EventTarget {
  private readonly client: PeekClient;
  private readonly catalogue: PluginCatalogue;
  private readonly texts = new Map<string, string>();
  private readonly watched = new Map<string, { module: LoadedModule; stop: () => void }>();
  private filling = false;

  constructor(client: PeekClient, catalogue: PluginCatalogue) {
    super();
    this.client = client;
    this.catalogue = catalogue;
    catalogue.addEventListener("change", () => this.follow());
  }

  /** The badge of a plugin; empty when nothing waits. */
  of(plugin: string): string {
    return this.texts.get(plugin) ?? "";
  }

  /** The sum of all badges that are numbers. */
  get total(): number {
    return [...this.texts.values()].reduce((sum, text) => sum + (Number(text) || 0), 0);
  }

  private follow(): void {
    const present = new Map(this.catalogue.entries.map((entry) => [entry.row.plugin, entry.module]));
    for (const [plugin, { module, stop }] of this.watched) {
      if (present.get(plugin) === module) continue;
      stop();
      this.watched.delete(plugin);
      this.set(plugin, "");
    }
    for (const [plugin, module] of present) if (module?.badge && !this.watched.has(plugin)) this.watch(plugin, module);
    if (!this.filling) void this.fill();
  }

  private watch(plugin: string, module: LoadedModule): void {
    const entry = { module, stop: (): void => undefined };
    this.watched.set(plugin, entry);
    try {
      const stop = module.badge?.(this.client, (text) => this.watched.get(plugin) === entry && this.set(plugin, text === 0 ? "" : String(text)));
      if (stop) entry.stop = stop;
    } catch {
      // A badge that breaks is a plugin without a badge; its page will say what is wrong with it.
      this.set(plugin, "");
    }
  }

  private set(plugin: string, text: string): void {
    if ((this.texts.get(plugin) ?? "") === text) return;
    if (text) this.texts.set(plugin, text);
    else this.texts.delete(plugin);
    this.dispatchEvent(new Event("change"));
  }

  private async fill(): Promise<void> {
    this.filling = true;
    try {
      for (let next = this.unloaded(); next !== undefined; next = this.unloaded()) {
        await idle();
        await this.catalogue.need(next);
      }
    } finally {
      this.filling = false;
    }
  }

  private unloaded(): string | undefined {
    return this.catalogue.entries.find((entry) => !entry.module && !entry.failure)?.row.plugin;
  }
}

function idle(): Promise<void> {
  return new Promise((resolve) => {
    // Safari has no idle callback; a short pause serves as well.
    if ("requestIdleCallback" in window) window.requestIdleCallback(() => resolve(), { timeout: 2000 });
    else setTimeout(resolve, 200);
  });
}
