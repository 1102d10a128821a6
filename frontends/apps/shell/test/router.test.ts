import assert from "node:assert/strict";
import { test } from "node:test";
import { changeQuery, matchPath, parseQuery, Router, type Browser } from "../router.ts";
import { signInCode } from "../sign-in-code.ts";

class FakeBrowser implements Browser {
  location = { pathname: "/", search: "", hash: "", origin: "https://peek.example" };
  steps: string[] = [];
  readonly history = {
    pushState: (_data: unknown, _unused: string, url: string) => this.move("push", url),
    replaceState: (_data: unknown, _unused: string, url: string) => this.move("replace", url),
  };

  private move(how: string, url: string): void {
    const parsed = new URL(url, this.location.origin);
    this.location = { pathname: parsed.pathname, search: parsed.search, hash: parsed.hash, origin: this.location.origin };
    this.steps.push(`${how} ${url}`);
  }
}

const link = (href: string, rest: { target?: string; download?: string } = {}) => ({ href, target: "", download: "", ...rest });

test("words go before parameters, and those before the rest", () => {
  const patterns = ["x/*", "x/:id", "x/new", ""];
  assert.deepEqual(matchPath(patterns, "/x/new"), { pattern: "x/new", params: {} });
  assert.deepEqual(matchPath(patterns, "/x/7"), { pattern: "x/:id", params: { id: "7" } });
  assert.deepEqual(matchPath(patterns, "/x/7/edit"), { pattern: "x/*", params: { rest: "7/edit" } });
  assert.deepEqual(matchPath(patterns, "/"), { pattern: "", params: {} });
  assert.equal(matchPath(patterns, "/y"), null);
});

test("the rest may be nothing", () => {
  assert.deepEqual(matchPath(["x/:plugin/*"], "/x/tutorial"), { pattern: "x/:plugin/*", params: { plugin: "tutorial", rest: "" } });
});

test("segments are decoded, and a stray percent sign is no fault", () => {
  assert.deepEqual(matchPath([":name"], "/K%C3%A4%C3%A4rme"), { pattern: ":name", params: { name: "Käärme" } });
  assert.deepEqual(matchPath([":name"], "/100%"), { pattern: ":name", params: { name: "100%" } });
});

test("a query takes changes, and an empty value removes its key", () => {
  assert.equal(changeQuery({ a: "1", b: "2" }, { b: "", c: "x y" }), "?a=1&c=x+y");
  assert.equal(changeQuery({ a: "1" }, { a: "" }), "");
  assert.deepEqual(parseQuery("?a=1&c=x+y"), { a: "1", c: "x y" });
});

test("going somewhere is a step in the history, changing the query is none", () => {
  const browser = new FakeBrowser();
  const router = new Router(browser);
  let changes = 0;
  router.addEventListener("change", () => (changes += 1));
  router.go("/plugins?open=a");
  router.setQuery({ filter: "north" });
  router.go("/plugins?open=a&filter=north");
  assert.deepEqual(browser.steps, ["push /plugins?open=a", "replace /plugins?open=a&filter=north", "replace /plugins?open=a&filter=north"]);
  assert.deepEqual([router.path, router.query, changes], ["/plugins", { open: "a", filter: "north" }, 3]);
});

test("an unchanged query is the same object", () => {
  const browser = new FakeBrowser();
  const router = new Router(browser);
  router.go("/plugins?open=a");
  const before = router.query;
  router.go("/tasks?open=a");
  assert.equal(router.query, before);
});

test("links of this site are taken over, all others are left to the browser", () => {
  const router = new Router(new FakeBrowser());
  assert.equal(router.ownLink(link("https://peek.example/x/tutorial?a=1")), "/x/tutorial?a=1");
  assert.equal(router.ownLink(link("https://elsewhere.example/x")), null);
  assert.equal(router.ownLink(link("https://peek.example/x", { target: "_blank" })), null);
  assert.equal(router.ownLink(link("https://peek.example/x", { download: "rows.csv" })), null);
  assert.equal(router.ownLink(link("https://peek.example/docs/start")), null);
  assert.equal(router.ownLink(link("https://peek.example/api/health")), null);
  assert.equal(router.ownLink(link("https://peek.example/tutorial/rows.csv")), null);
});

test("a sign-in link carries its code behind the hash", () => {
  assert.equal(signInCode({ pathname: "/sign-in", hash: "#code=a%2Bb" }), "a+b");
  assert.equal(signInCode({ pathname: "/sign-in", hash: "" }), "");
  assert.equal(signInCode({ pathname: "/", hash: "#code=abc" }), "");
});
