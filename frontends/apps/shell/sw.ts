/**
 * The service worker of the mobile and desktop sites: the shell and the pages of all plugins also open without a
 * network. It keeps what is immutable (hashed names) and one index page per build; live data is none of its business, that is
 * the client's own cache. Each build brings its own worker, whose version names its cache.
 */
export {};
declare const self: ServiceWorkerGlobalScope;
/** Put in by the build: the hash of the build, and the addresses of its scripts. */
declare const SHELL_VERSION: string;
declare const SHELL_FILES: readonly string[];

const INDEX = "/";
const INDEX_TIMEOUT_MS = 2000;
const SHELL_PREFIX = "peek-shell-";
const SHELL_CACHE = SHELL_PREFIX + SHELL_VERSION;
/** The shell before this one stays, for tabs that still run it and load parts of it late. */
const SHELLS_KEPT = 2;
const PLUGIN_CACHE = "peek-plugins";
const PLUGIN_FILES_KEPT = 5000;
/** What an installed site shows of itself. Nice to have offline; the site works without. */
const EXTRAS = ["/manifest.webmanifest", "/icons/icon.svg", "/icons/icon-192.png"];

self.addEventListener("install", (event) => {
  event.waitUntil(install());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (isShellRoute(url.pathname)) event.respondWith(indexPage(request));
  } else if (url.pathname.startsWith("/assets/")) {
    event.respondWith(cacheFirst(request, SHELL_CACHE));
  } else if (url.pathname.startsWith("/p/")) {
    event.respondWith(cacheFirst(request, PLUGIN_CACHE));
  } else if (url.pathname.startsWith("/@plugin/")) {
    event.respondWith(networkFirst(request, PLUGIN_CACHE));
  } else if (EXTRAS.includes(url.pathname)) {
    event.respondWith(networkFirst(request, SHELL_CACHE));
  }
});

self.addEventListener("message", (event) => {
  const { keep } = event.data as { keep?: unknown };
  if (Array.isArray(keep)) event.waitUntil(keepTrees(keep.filter((tree): tree is string => typeof tree === "string" && tree.startsWith("/p/"))));
});

/** Fetches the pages of plugins that nobody has opened yet. What the network does not give now is asked for at the next start. */
async function keepTrees(trees: readonly string[]): Promise<void> {
  const cache = await caches.open(PLUGIN_CACHE);
  for (const tree of trees) {
    try {
      await keepTree(cache, tree);
    } catch {
      return;
    }
  }
  await forgetOldPluginFiles();
}

/** The list of a tree's files is kept last: having it means having them all. */
async function keepTree(cache: Cache, tree: string): Promise<void> {
  if (await cache.match(tree)) return;
  const list = await fetch(tree);
  if (!list.ok) return;
  const { files } = (await list.clone().json()) as { files: string[] };
  for (const file of files) if (!(await cache.match(tree + file))) await cache.add(tree + file);
  await cache.put(tree, list);
}

async function install(): Promise<void> {
  const cache = await caches.open(SHELL_CACHE);
  await cache.addAll([INDEX, ...SHELL_FILES]);
  await Promise.allSettled(EXTRAS.map((path) => cache.add(path)));
  // A waiting worker would keep offering the old shell until every tab is closed, which on a wall display is never.
  await self.skipWaiting();
}

async function activate(): Promise<void> {
  const shells = (await caches.keys()).filter((name) => name.startsWith(SHELL_PREFIX) && name !== SHELL_CACHE);
  // `keys` lists caches in the order of their making, so the last of the others is the one before this.
  const outdated = shells.slice(0, Math.max(0, shells.length - (SHELLS_KEPT - 1)));
  await Promise.all(outdated.map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The pages of the shell. Everything else that can be navigated to (documents that plugins serve) is between the browser and the server. */
function isShellRoute(path: string): boolean {
  return path === INDEX || path.startsWith("/x/") || path === "/sign-in";
}

/** From the network, so that an update shows at the next load; from the cache when the network takes more than two seconds. */
async function indexPage(request: Request): Promise<Response> {
  const kept = await (await caches.open(SHELL_CACHE)).match(INDEX);
  if (kept === undefined) return fetch(request);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(INDEX_TIMEOUT_MS) });
    return answer.status >= 500 ? kept : answer;
  } catch {
    return kept;
  }
}

async function cacheFirst(request: Request, name: string): Promise<Response> {
  const kept = await caches.match(request);
  if (kept !== undefined) return kept;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(name)).put(request, answer.clone());
  return answer;
}

async function networkFirst(request: Request, name: string): Promise<Response> {
  const cache = await caches.open(name);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept !== undefined) return kept;
    throw error;
  }
}

async function forgetOldPluginFiles(): Promise<void> {
  const cache = await caches.open(PLUGIN_CACHE);
  const requests = await cache.keys();
  await Promise.all(requests.slice(0, Math.max(0, requests.length - PLUGIN_FILES_KEPT)).map((request) => cache.delete(request)));
}
