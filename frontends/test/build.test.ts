/** The build as the Python package runs it, into a directory of the test's own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

interface Described {
  importmap: Record<string, string>;
  sites: Record<string, { entry: string; preload: string[]; serviceWorker?: string }>;
  files: Record<string, string>;
}

const scratch = mkdtempSync(join(tmpdir(), "peek-build-"));
const out = join(scratch, "built");
let described: Described;

const run = (...words: string[]) => spawnSync(process.execPath, ["build.mjs", ...words], { encoding: "utf8" });
const text = (name: string): string => readFileSync(join(out, name), "utf8");

before(() => {
  const done = run(out);
  assert.equal(done.status, 0, done.stderr);
  described = JSON.parse(text("build.json")) as Described;
});
after(() => rmSync(scratch, { recursive: true }));

test("every address that is named is a file of the build", () => {
  const { importmap, sites, files } = described;
  const named = [...Object.values(importmap), ...Object.values(sites).flatMap(({ entry, preload }) => [entry, ...preload])];
  for (const url of named) assert.ok(files[url], url);
  for (const name of Object.values(files)) assert.ok(existsSync(join(out, name)), name);
  for (const name of ["lit", "lit/directives/repeat.js", "@peek/client", "@peek/ui", "@peek/chart"]) assert.ok(importmap[name], name);
});

test("there is one Lit and one client", () => {
  const scripts = Object.values(described.files).filter((name) => name.endsWith(".js"));
  for (const mark of ["litHtmlVersions", "reactiveElementVersions", "peek.principal"]) {
    assert.equal(scripts.filter((name) => text(name).includes(mark)).length, 1, mark);
  }
});

test("file names carry the hash of their content, and their maps name no directory of this machine", () => {
  for (const [url, name] of Object.entries(described.files)) {
    assert.match(url, /^\/assets\/[a-z-]+\.[A-Z0-9]{8}\.js(\.map)?$/);
    if (name.endsWith(".map")) assert.doesNotMatch(text(name), new RegExp(`"[^"]*${process.cwd()}[^"]*"`));
  }
});

test("mobile and desktop have a service worker that keeps all they need", () => {
  assert.equal(described.sites["admin"]?.serviceWorker, undefined);
  for (const site of ["mobile", "desktop"]) {
    const { entry, preload, serviceWorker } = described.sites[site] ?? { entry: "", preload: [] };
    const worker = text(serviceWorker ?? "");
    for (const url of [entry, ...preload, ...Object.values(described.importmap)]) assert.ok(worker.includes(`"${url}"`), `${site}: ${url}`);
  }
});

test("building again changes nothing, and replaces what was there as a whole", () => {
  const was = text("build.json");
  writeFileSync(join(out, "left-over.js"), "");
  assert.equal(run(out).status, 0);
  assert.equal(text("build.json"), was);
  assert.equal(existsSync(join(out, "left-over.js")), false);
});
