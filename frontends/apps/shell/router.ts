/**
 * Addresses. Pages live at paths (`/plugins`, `/x/<plugin>/<rest>`), what they show within is in the query, and links are plain `<a href>`: the
 * router takes those over that stay on this site.
 */

export type Params = Record<string, string>;

/**
 * The best pattern for a path, with its parameters. Patterns are segments: words, `:name` for one segment, and a last `*` for the
 * rest (parameter `rest`). Words go before parameters and those before `*`, whatever the order of the patterns.
 */
export function matchPath(patterns: Iterable<string>, path: string): { pattern: string; params: Params } | null {
  const segments = segmentsOf(path);
  let best: { pattern: string; params: Params; weight: string } | null = null;
  for (const pattern of patterns) {
    const match = matchPattern(segmentsOf(pattern), segments);
    if (match && (!best || match.weight > best.weight)) best = { pattern, ...match };
  }
  return best && { pattern: best.pattern, params: best.params };
}

function matchPattern(pattern: string[], segments: string[]): { params: Params; weight: string } | null {
  const params: Params = {};
  let weight = "";
  for (const [index, expected] of pattern.entries()) {
    if (expected === "*") {
      params["rest"] = segments.slice(index).map(decode).join("/");
      return { params, weight };
    }
    const given = segments[index];
    if (given === undefined) return null;
    if (expected.startsWith(":")) params[expected.slice(1)] = decode(given);
    else if (expected !== decode(given)) return null;
    weight += expected.startsWith(":") ? "1" : "2";
  }
  // A pattern that ends here is better than one whose `*` matches nothing more.
  return pattern.length === segments.length ? { params, weight: `${weight}3` } : null;
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter(Boolean);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // A stray % typed by hand names no page, but is no fault either.
  }
}

/** `?a=1&b=2` as an object; of a repeated key the last one counts. */
export function parseQuery(search: string): Params {
  return Object.fromEntries(new URLSearchParams(search));
}

/** A query with changes applied: an empty value removes its key. The answer starts with `?`, or is empty. */
export function changeQuery(query: Params, changes: Params): string {
  const merged = Object.entries({ ...query, ...changes }).filter(([, value]) => value !== "");
  return merged.length === 0 ? "" : `?${new URLSearchParams(merged).toString()}`;
}

/** What the router needs of a window, so that it can be tested without one. */
export interface Browser {
  readonly location: { readonly pathname: string; readonly search: string; readonly hash: string; readonly origin: string };
  readonly history: { pushState(data: unknown, unused: string, url: string): void; replaceState(data: unknown, unused: string, url: string): void };
}

/** Dispatches `change` whenever the address has changed. */
export class Router extends EventTarget {
  private readonly browser: Browser;
  private parsed: { search: string; query: Params } = { search: "", query: {} };

  constructor(browser: Browser) {
    super();
    this.browser = browser;
  }

  get path(): string {
    return this.browser.location.pathname;
  }

  /** The same object as long as the query is the same, so that pages are not rendered for nothing. */
  get query(): Params {
    const { search } = this.browser.location;
    if (search !== this.parsed.search) this.parsed = { search, query: parseQuery(search) };
    return this.parsed.query;
  }

  /** Goes to a path of this site, as a step in the history unless `replace`. */
  go(url: string, { replace = false } = {}): void {
    const here = this.browser.location.pathname + this.browser.location.search;
    if (replace || url === here) this.browser.history.replaceState(null, "", url);
    else this.browser.history.pushState(null, "", url);
    this.moved();
  }

  /** Changes parts of the query without a step in the history. */
  setQuery(changes: Params): void {
    this.browser.history.replaceState(null, "", this.path + changeQuery(this.query, changes) + this.browser.location.hash);
    this.moved();
  }

  /** Tells that the browser moved by itself (back, forward). */
  moved(): void {
    this.dispatchEvent(new Event("change"));
  }

  /** The path of a link that this site can show without loading anew; null for all others. */
  ownLink(link: { href: string; target: string; download: string }): string | null {
    if ((link.target && link.target !== "_self") || link.download) return null;
    const url = new URL(link.href, this.browser.location.origin + this.path);
    if (url.origin !== this.browser.location.origin || url.hash) return null;
    const served = /^\/(api|assets|p|docs)(\/|$)|\.[a-z0-9]+$/i;
    return served.test(url.pathname) ? null : url.pathname + url.search;
  }
}

/** Lets a router take over back, forward, plain clicks on links, and the events of pages. Returns how to end that. */
export function attachRouter(router: Router, target: Window): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  target.addEventListener("popstate", () => router.moved(), { signal });
  target.addEventListener("peek-go", (event) => router.go((event as CustomEvent<string>).detail), { signal });
  target.addEventListener("peek-query", (event) => router.setQuery((event as CustomEvent<Params>).detail), { signal });
  target.addEventListener(
    "click",
    (event) => {
      if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      const link = event.composedPath().find((node): node is HTMLAnchorElement => node instanceof HTMLAnchorElement && node.hasAttribute("href"));
      const path = link ? router.ownLink(link) : null;
      if (path === null) return;
      event.preventDefault();
      router.go(path);
      target.scrollTo(0, 0);
    },
    { signal },
  );
  return () => ended.abort();
}
