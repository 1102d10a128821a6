/**
 * The plugins of this site and the modules of their pages. Rows come from the server and change while the page is open: a new release is
 * imported beside the old one and takes its place only when it has loaded, so that a release that cannot load changes
 * nothing but a message. Importing and naming elements are given from outside; this is logic alone.
 */
import type { PeekClient, UiPlugin } from "@peek/client";
import { texts } from "./texts.ts";

export type { UiPlugin };

/** Starts watching and says what waits, as a short text; returns how to stop. */
export type Badge = (peek: PeekClient, set: (text: string | number) => void) => (() => void) | void;

/** What a module brought: the element of each route, and a badge if it has one. */
export interface LoadedModule {
  url: string;
  pages: ReadonlyMap<string, string>;
  badge: Badge | null;
}

export interface PluginEntry {
  row: UiPlugin;
  /** The release that is shown; the one before while a new one is not there. */
  module: LoadedModule | null;
  /** Why the newest release could not be loaded; empty when it was. */
  failure: string;
}

export interface ModuleSource {
  /** Imports a module; rejects with a sentence for people. `attempt` counts from 0. */
  load(url: string, attempt: number): Promise<unknown>;
  define(name: string, element: CustomElementConstructor): void;
}

/** Dispatches `change` when a row, a module or a failure has. */
export class PluginCatalogue extends EventTarget {
  private readonly source: ModuleSource;
  private readonly known = new Map<string, PluginEntry>();
  private readonly loading = new Map<string, Promise<void>>();
  private readonly attempts = new Map<string, number>();

  constructor(source: ModuleSource) {
    super();
    this.source = source;
  }

  /** All plugins, in the order the server gives them. */
  get entries(): readonly PluginEntry[] {
    return [...this.known.values()].sort((left, right) => left.row.order - right.row.order || left.row.title.localeCompare(right.row.title));
  }

  entry(plugin: string): PluginEntry | undefined {
    return this.known.get(plugin);
  }

  /** Takes over the rows of the server. Modules that are shown follow their row. */
  update(rows: readonly UiPlugin[]): void {
    const named = new Set(rows.map((row) => row.plugin));
    for (const plugin of this.known.keys()) if (!named.has(plugin)) this.known.delete(plugin);
    for (const row of rows) {
      const before = this.known.get(row.plugin);
      const moved = before !== undefined && before.row.module !== row.module;
      this.known.set(row.plugin, { row, module: before?.module ?? null, failure: moved ? "" : (before?.failure ?? "") });
      if (moved && before.module) void this.need(row.plugin);
    }
    this.changed();
  }

  /** Loads the newest module of a plugin unless it is there or on its way. Never rejects: see `failure`. */
  need(plugin: string): Promise<void> {
    const entry = this.known.get(plugin);
    if (!entry || entry.module?.url === entry.row.module || entry.failure) return Promise.resolve();
    const url = entry.row.module;
    const under = this.loading.get(url) ?? this.load(plugin, url).finally(() => this.loading.delete(url));
    this.loading.set(url, under);
    return under;
  }

  /** Tries once more after a failure. */
  retry(plugin: string): Promise<void> {
    const entry = this.known.get(plugin);
    if (entry) this.known.set(plugin, { ...entry, failure: "" });
    this.changed();
    return this.need(plugin);
  }

  private async load(plugin: string, url: string): Promise<void> {
    const attempt = this.attempts.get(url) ?? 0;
    this.attempts.set(url, attempt + 1);
    let result: Pick<PluginEntry, "module" | "failure">;
    try {
      const exported = await this.source.load(url, attempt);
      result = { module: this.register(plugin, url, attempt, exported), failure: "" };
    } catch (error) {
      result = { module: this.known.get(plugin)?.module ?? null, failure: error instanceof Error ? error.message : String(error) };
    }
    const entry = this.known.get(plugin);
    // Overtaken by a still newer release, or gone: what has loaded is not wanted any more.
    if (!entry || entry.row.module !== url) return;
    this.known.set(plugin, { ...entry, ...result });
    this.changed();
  }

  private register(plugin: string, url: string, attempt: number, exported: unknown): LoadedModule {
    const { pages, badge } = readExports(exported);
    const names = new Map<CustomElementConstructor, string>();
    const routes = new Map<string, string>();
    for (const [route, page] of pages) {
      let name = names.get(page);
      if (!name) {
        name = elementName(plugin, url, names.size, attempt);
        this.source.define(name, page);
        names.set(page, name);
      }
      routes.set(route, name);
    }
    return { url, pages: routes, badge };
  }

  private changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}

/** `x-<plugin>-<hash>-<n>`: unique for every release, since a name can be given only once in the life of a page. */
export function elementName(plugin: string, url: string, index: number, attempt = 0): string {
  const hash = url.split("/")[3] ?? "";
  const safe = (text: string): string => text.toLowerCase().replace(/[^a-z0-9_]/g, "-");
  return `x-${safe(plugin)}-${safe(hash)}-${index}${attempt > 0 ? `-${attempt}` : ""}`;
}

function readExports(exported: unknown): { pages: [string, CustomElementConstructor][]; badge: Badge | null } {
  const module = exported as { default?: unknown; pages?: unknown; badge?: unknown };
  const pages: [string, CustomElementConstructor][] = [];
  if (isPage(module.default)) pages.push(["", module.default]);
  if (typeof module.pages === "object" && module.pages !== null) {
    for (const [route, page] of Object.entries(module.pages)) {
      if (!isPage(page)) throw new Error(texts.notAPage(route));
      pages.push([route, page]);
    }
  }
  if (pages.length === 0) throw new Error(texts.noPages);
  return { pages, badge: typeof module.badge === "function" ? (module.badge as Badge) : null };
}

function isPage(value: unknown): value is CustomElementConstructor {
  return typeof value === "function" && value.prototype instanceof HTMLElement;
}
