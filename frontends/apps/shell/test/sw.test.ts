/** The service worker as the build makes it, in a worker of the test's own: its caches, its network, its events. */
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { build } from "esbuild";

const ORIGIN = "https://peek.example";
type Handler = (event: Record<string, unknown>) => void;
interface Asked {
  url: string;
  method: string;
  mode: string;
}

/** The worker's script for a version of the shell. */
async function script(version: string, files: string[]): Promise<string> {
  const define = { SHELL_VERSION: JSON.stringify(version), SHELL_FILES: JSON.stringify(files) };
  const entryPoints = ["apps/shell/sw.ts"];
  const { outputFiles } = await build({ entryPoints, bundle: true, write: false, format: "iife", define, tsconfig: "tsconfig.sw.json" });
  const [worker] = outputFiles;
  assert.ok(worker);
  return worker.text;
}

class FakeCache {
  readonly kept = new Map<string, Response>();
  constructor(private readonly browser: Browser) {}
  async add(path: string): Promise<void> {
    const answer = await this.browser.fetch({ url: ORIGIN + path, method: "GET", mode: "cors" });
    if (!answer.ok) throw new TypeError(`status ${answer.status}`);
    this.kept.set(ORIGIN + path, answer);
  }
  async addAll(paths: string[]): Promise<void> {
    await Promise.all(paths.map((path) => this.add(path)));
  }
  async put(request: Asked | string, answer: Response): Promise<void> {
    this.kept.set(typeof request === "string" ? ORIGIN + request : request.url, answer);
  }
  async match(request: Asked | string): Promise<Response | undefined> {
    return this.kept.get(typeof request === "string" ? ORIGIN + request : request.url)?.clone();
  }
  async keys(): Promise<{ url: string }[]> {
    return [...this.kept.keys()].map((url) => ({ url }));
  }
  async delete({ url }: { url: string }): Promise<boolean> {
    return this.kept.delete(url);
  }
}

/** One browser at one site; `network` is what the server answers, null when it cannot be reached. */
class Browser {
  readonly stores = new Map<string, FakeCache>();
  readonly asked: string[] = [];
  network: ((path: string, signal?: AbortSignal) => Response | Promise<Response>) | null = (path) => new Response(`new ${path}`);
  private handlers = new Map<string, Handler>();

  async fetch(request: Asked, { signal }: { signal?: AbortSignal } = {}): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.asked.push(pathname);
    if (!this.network) throw new TypeError("no network");
    return this.network(pathname, signal);
  }

  /** Installs and activates a version, as a browser does after its script changed. */
  async install(version: string, files: string[]): Promise<void> {
    const handlers = new Map<string, Handler>();
    const caches = {
      open: async (name: string) => this.stores.get(name) ?? this.stores.set(name, new FakeCache(this)).get(name),
      keys: async () => [...this.stores.keys()],
      delete: async (name: string) => this.stores.delete(name),
      match: async (request: Asked) => {
        for (const store of this.stores.values()) {
          const kept = await store.match(request);
          if (kept) return kept;
        }
        return undefined;
      },
    };
    const self = {
      location: { origin: ORIGIN },
      addEventListener: (type: string, handler: Handler) => handlers.set(type, handler),
      skipWaiting: async () => {},
      clients: { claim: async () => {} },
    };
    const fetch = (request: Asked | string, options?: { signal?: AbortSignal }) =>
      this.fetch(typeof request === "string" ? { url: ORIGIN + request, method: "GET", mode: "cors" } : request, options);
    vm.runInNewContext(await script(version, files), { self, caches, fetch, URL, AbortSignal: { timeout: () => this.impatience.signal } });
    for (const type of ["install", "activate"]) {
      const work: unknown[] = [];
      handlers.get(type)?.({ waitUntil: (promise: unknown) => work.push(promise) });
      await Promise.all(work);
    }
    this.handlers = handlers;
  }

  /** Aborting it is the two seconds passing. */
  impatience = new AbortController();

  /** What a page says to the worker, and all that follows. */
  async say(data: unknown): Promise<void> {
    const work: unknown[] = [];
    this.handlers.get("message")?.({ data, waitUntil: (promise: unknown) => work.push(promise) });
    await Promise.all(work);
  }

  /** What a page gets; null when the worker leaves the request to the browser. */
  async get(path: string, { mode = "cors", method = "GET", origin = ORIGIN } = {}): Promise<string | null> {
    let answer: Promise<Response> | null = null;
    const work: unknown[] = [];
    const request: Asked = { url: origin + path, mode, method };
    this.handlers.get("fetch")?.({ request, respondWith: (given: Promise<Response>) => (answer = given), waitUntil: (promise: unknown) => work.push(promise) });
    if (answer === null) return null;
    const text = await (await (answer as Promise<Response>)).text();
    await Promise.all(work);
    return text;
  }
}

async function installed(): Promise<Browser> {
  const browser = new Browser();
  await browser.install("v1", ["/assets/mobile.A.js"]);
  browser.asked.length = 0;
  return browser;
}

test("the shell opens without a network, at any of its pages", async () => {
  const browser = await installed();
  browser.network = null;
  for (const path of ["/", "/x/plugin/detail/7", "/sign-in"]) assert.equal(await browser.get(path, { mode: "navigate" }), "new /");
  assert.equal(await browser.get("/assets/mobile.A.js"), "new /assets/mobile.A.js");
});

test("pages of plugins that nobody has opened open without a network, once the worker was told of them", async () => {
  const browser = await installed();
  browser.network = (path) => new Response(path === "/p/tutorial/abc/" ? '{"files": ["mobile.js", "sub/part.js"]}' : `new ${path}`);
  await browser.say({ keep: ["/p/tutorial/abc/", "/elsewhere/"] });
  assert.ok(!browser.asked.includes("/elsewhere/"));
  browser.asked.length = 0;
  await browser.say({ keep: ["/p/tutorial/abc/"] });
  assert.deepEqual(browser.asked, []);
  browser.network = null;
  assert.equal(await browser.get("/p/tutorial/abc/sub/part.js"), "new /p/tutorial/abc/sub/part.js");
});

test("a tree that the network gave only in part is asked for again", async () => {
  const browser = await installed();
  browser.network = (path) => (path === "/p/x/1/" ? new Response('{"files": ["a.js", "b.js"]}') : path === "/p/x/1/a.js" ? new Response("a") : new Response("", { status: 503 }));
  await browser.say({ keep: ["/p/x/1/"] });
  browser.network = (path) => new Response(path === "/p/x/1/" ? '{"files": ["a.js", "b.js"]}' : path);
  await browser.say({ keep: ["/p/x/1/"] });
  browser.network = null;
  assert.equal(await browser.get("/p/x/1/b.js"), "/p/x/1/b.js");
});

test("with a network the page comes from it, and hashed files do not", async () => {
  const browser = await installed();
  assert.equal(await browser.get("/x/plugin", { mode: "navigate" }), "new /x/plugin");
  await browser.get("/assets/mobile.A.js");
  assert.deepEqual(browser.asked, ["/x/plugin"]);
});

test("a server that takes longer than two seconds, or fails, does not keep anybody waiting", async () => {
  const browser = await installed();
  browser.network = (_, signal) => new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("too late"))));
  const page = browser.get("/", { mode: "navigate" });
  await new Promise((resolve) => setImmediate(resolve));
  browser.impatience.abort();
  assert.equal(await page, "new /");
  browser.network = () => new Response("down", { status: 503 });
  assert.equal(await browser.get("/", { mode: "navigate" }), "new /");
});

test("a plugin's page that was opened once opens again without a network", async () => {
  const browser = await installed();
  await browser.get("/p/plugin/hash/mobile.js");
  await browser.get("/@plugin/other/api.js");
  browser.network = null;
  assert.equal(await browser.get("/p/plugin/hash/mobile.js"), "new /p/plugin/hash/mobile.js");
  assert.equal(await browser.get("/@plugin/other/api.js"), "new /@plugin/other/api.js");
});

test("errors are not kept", async () => {
  const browser = await installed();
  browser.network = () => new Response("gone", { status: 404 });
  await browser.get("/p/plugin/old/mobile.js");
  browser.network = () => new Response("back");
  assert.equal(await browser.get("/p/plugin/old/mobile.js"), "back");
});

test("plugin files are bounded, the oldest go", async () => {
  const browser = await installed();
  const files = Array.from({ length: 3000 }, (_, n) => `${n}.js`);
  browser.network = (path) => new Response(path.endsWith("/") ? JSON.stringify({ files }) : path);
  await browser.say({ keep: ["/p/plugin/old/"] });
  await browser.say({ keep: ["/p/plugin/new/"] });
  const kept = browser.stores.get("peek-plugins")?.kept;
  assert.equal(kept?.size, 5000);
  assert.equal(kept?.has(`${ORIGIN}/p/plugin/old/0.js`), false);
  assert.equal(kept?.has(`${ORIGIN}/p/plugin/new/0.js`), true);
});

test("the API, plugins' own documents, changes and other origins are none of its business", async () => {
  const browser = await installed();
  assert.equal(await browser.get("/api/session"), null);
  assert.equal(await browser.get("/peek_plugin_x/report", { mode: "navigate" }), null);
  assert.equal(await browser.get("/", { method: "POST" }), null);
  assert.equal(await browser.get("/assets/a.js", { origin: "https://elsewhere.example" }), null);
});

test("a new build replaces the one before the last", async () => {
  const browser = await installed();
  await browser.install("v2", ["/assets/mobile.B.js"]);
  await browser.install("v3", ["/assets/mobile.C.js"]);
  assert.deepEqual([...browser.stores.keys()], ["peek-shell-v2", "peek-shell-v3"]);
});
