import assert from "node:assert/strict";
import { test } from "node:test";
import { elementName, PluginCatalogue, type UiPlugin } from "../plugin-catalogue.ts";
import { texts } from "../texts.ts";

// Node has no elements; a page is recognised by what it extends.
const Element = (globalThis.HTMLElement ??= class {} as typeof HTMLElement);
const page = (): CustomElementConstructor => class extends Element {};

function row(plugin: string, hash: string, order = 0): UiPlugin {
  return { site: "mobile", plugin, title: plugin, version: "1", module: `/p/${plugin}/${hash}/main.js`, icon: "", show_home_link: true, menu: [], order };
}

class Modules {
  readonly files = new Map<string, unknown>();
  readonly asked: string[] = [];
  readonly defined: string[] = [];

  async load(url: string, attempt: number): Promise<unknown> {
    this.asked.push(attempt ? `${url}?${attempt}` : url);
    const found = this.files.get(url);
    if (found instanceof Error) throw found;
    return found;
  }

  define(name: string): void {
    this.defined.push(name);
  }
}

test("a module is imported once, when it is needed, and its page is named by plugin and hash", async () => {
  const modules = new Modules();
  modules.files.set("/p/peek_plugin_a/h1/main.js", { default: page() });
  const catalogue = new PluginCatalogue(modules);
  catalogue.update([row("peek_plugin_a", "h1")]);
  assert.deepEqual(modules.asked, []);
  await Promise.all([catalogue.need("peek_plugin_a"), catalogue.need("peek_plugin_a")]);
  await catalogue.need("peek_plugin_a");
  assert.deepEqual(modules.asked, ["/p/peek_plugin_a/h1/main.js"]);
  assert.deepEqual(modules.defined, ["x-peek_plugin_a-h1-0"]);
  assert.equal(catalogue.entry("peek_plugin_a")?.module?.pages.get(""), "x-peek_plugin_a-h1-0");
});

test("several pages share a name only when they are the same class", async () => {
  const modules = new Modules();
  const home = page();
  modules.files.set("/p/a/h1/main.js", { pages: { "": home, start: home, "detail/:id": page() } });
  const catalogue = new PluginCatalogue(modules);
  catalogue.update([row("a", "h1")]);
  await catalogue.need("a");
  assert.deepEqual([...(catalogue.entry("a")?.module?.pages ?? [])], [
    ["", "x-a-h1-0"],
    ["start", "x-a-h1-0"],
    ["detail/:id", "x-a-h1-1"],
  ]);
});

test("a new release that is shown is imported by itself, and takes over when it has loaded", async () => {
  const modules = new Modules();
  modules.files.set("/p/a/h1/main.js", { default: page() });
  modules.files.set("/p/a/h2/main.js", { default: page() });
  const catalogue = new PluginCatalogue(modules);
  catalogue.update([row("a", "h1")]);
  await catalogue.need("a");
  catalogue.update([row("a", "h2")]);
  assert.equal(catalogue.entry("a")?.module?.url, "/p/a/h1/main.js");
  await catalogue.need("a");
  assert.equal(catalogue.entry("a")?.module?.url, "/p/a/h2/main.js");
});

test("a release that cannot load leaves the one before and says why", async () => {
  const modules = new Modules();
  modules.files.set("/p/a/h1/main.js", { default: page() });
  modules.files.set("/p/a/h2/main.js", new Error("Its page has a fault: unexpected token"));
  const catalogue = new PluginCatalogue(modules);
  catalogue.update([row("a", "h1")]);
  await catalogue.need("a");
  catalogue.update([row("a", "h2")]);
  await catalogue.need("a");
  const entry = catalogue.entry("a");
  assert.deepEqual([entry?.module?.url, entry?.failure], ["/p/a/h1/main.js", "Its page has a fault: unexpected token"]);
});

test("a failure is tried again only when somebody asks, under another address and name", async () => {
  const modules = new Modules();
  modules.files.set("/p/a/h1/main.js", new Error("away"));
  const catalogue = new PluginCatalogue(modules);
  catalogue.update([row("a", "h1")]);
  await catalogue.need("a");
  await catalogue.need("a");
  assert.deepEqual(modules.asked, ["/p/a/h1/main.js"]);
  modules.files.set("/p/a/h1/main.js", { default: page() });
  await catalogue.retry("a");
  assert.deepEqual(modules.asked, ["/p/a/h1/main.js", "/p/a/h1/main.js?1"]);
  assert.equal(catalogue.entry("a")?.module?.pages.get(""), "x-a-h1-0-1");
});

test("a release that loads after it was overtaken is not shown", async () => {
  const modules = new Modules();
  const opened = deferred();
  modules.load = async (url) => (url.includes("h1") ? opened.promise : { default: page() });
  const catalogue = new PluginCatalogue(modules);
  catalogue.update([row("a", "h1")]);
  const first = catalogue.need("a");
  catalogue.update([row("a", "h2")]);
  await catalogue.need("a");
  opened.resolve({ default: page() });
  await first;
  assert.equal(catalogue.entry("a")?.module?.url, "/p/a/h2/main.js");
});

test("a plugin that is gone is forgotten, even while its module loads", async () => {
  const modules = new Modules();
  modules.files.set("/p/a/h1/main.js", { default: page() });
  const catalogue = new PluginCatalogue(modules);
  catalogue.update([row("a", "h1"), row("b", "h1")]);
  const loading = catalogue.need("a");
  catalogue.update([row("b", "h1")]);
  await loading;
  assert.equal(catalogue.entry("a"), undefined);
  assert.deepEqual(catalogue.entries.map((entry) => entry.row.plugin), ["b"]);
});

test("what a module exports wrongly is said in words", async () => {
  const modules = new Modules();
  modules.files.set("/p/a/h1/main.js", { something: 1 });
  modules.files.set("/p/b/h1/main.js", { pages: { list: "no class" } });
  const catalogue = new PluginCatalogue(modules);
  catalogue.update([row("a", "h1"), row("b", "h1")]);
  await catalogue.need("a");
  await catalogue.need("b");
  assert.equal(catalogue.entry("a")?.failure, texts.noPages);
  assert.equal(catalogue.entry("b")?.failure, texts.notAPage("list"));
});

test("plugins stand in the order of the server, then by title", () => {
  const catalogue = new PluginCatalogue(new Modules());
  catalogue.update([row("c", "h", 2), row("b", "h", 1), row("a", "h", 2)]);
  assert.deepEqual(catalogue.entries.map((entry) => entry.row.plugin), ["b", "a", "c"]);
});

test("element names hold only what a name may hold", () => {
  assert.equal(elementName("peek_plugin_A.b", "/p/x/Ab=9/m.js", 3), "x-peek_plugin_a-b-ab-9-3");
});

function deferred(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve: (value: unknown) => void = () => undefined;
  return { promise: new Promise((settle) => (resolve = settle)), resolve: (value) => resolve(value) };
}
