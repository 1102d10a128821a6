/**
 * `npm run build [-- OUT] [--partial]`: compiles the platform modules and the three sites into OUT (default: where the Python package
 * serves them from). OUT/build.json tells the server what there is; file names carry the hash of their content, so that browsers
 * may keep them for ever. `--partial` leaves out pieces whose source is missing instead of failing.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { HERE } from "./find.mjs";
import { missingPieces, PLATFORM, platformImports, SITES } from "./platform.mjs";
import { esbuild } from "./toolchain.mjs";

const options = { bundle: true, format: "esm", target: "es2022", minify: true, sourcemap: "linked", logLevel: "warning", absWorkingDir: HERE };

async function main(words) {
  const partial = words.includes("--partial");
  const out = resolve(words.find((word) => !word.startsWith("--")) ?? join(HERE, "../peek_trio/frontend/built"));
  const missing = missingPieces();
  if (missing.length) {
    console.error(`build: ${missing.length} missing:\n  ${missing.join("\n  ")}`);
    if (!partial) return void (process.exitCode = 1);
  }
  // Built beside OUT and swapped in whole: a server that reads OUT meanwhile never sees half a build.
  const staging = `${out}.${process.pid}.new`;
  try {
    await build(staging);
    replace(out, staging);
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error;
    // esbuild has already printed what is wrong and where.
    console.error(`build: failed, ${out} is unchanged`);
    process.exitCode = 1;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

async function build(out) {
  const modules = [...PLATFORM].filter(([, { file }]) => existsSync(file));
  const sites = [...SITES].filter(([, { file }]) => existsSync(file));
  const { metafile, outputFiles } = await esbuild.build({
    ...options,
    // Not written by esbuild: source maps hold paths relative to `outdir`, and with them the hashes would depend on where OUT is.
    write: false,
    outdir: "assets",
    entryPoints: [
      ...modules.map(([, { file, name }]) => ({ in: file, out: name })),
      ...sites.map(([site, { file }]) => ({ in: file, out: site })),
    ],
    entryNames: "[name].[hash]",
    chunkNames: "chunk.[hash]",
    splitting: true,
    metafile: true,
    loader: { ".css": "text", ".svg": "text" },
    plugins: [platformImports],
    tsconfig: join(HERE, "tsconfig.json"),
  });
  mkdirSync(join(out, "assets"), { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(join(out, "assets", basename(path)), contents);
  const built = new Built(metafile);
  const importmap = Object.fromEntries(modules.map(([specifier, { file }]) => [specifier, built.urlOf(file)]));

  const described = {};
  for (const [site, { file, offline }] of sites) {
    const entry = built.urlOf(file);
    described[site] = { entry, preload: built.reached([entry], importmap).filter((url) => url !== entry) };
    if (!offline) continue;
    const shell = built.reached([entry, ...Object.values(importmap)], importmap, { dynamic: true });
    described[site].serviceWorker = await buildServiceWorker(site, shell, out);
  }
  const files = Object.fromEntries(built.urls.map((url) => [url, url.slice(1)]));
  writeFileSync(join(out, "build.json"), `${JSON.stringify({ importmap, sites: described, files }, null, 2)}\n`);
  report(metafile, described);
}

/** What was built, and what imports what, in terms of URLs. */
class Built {
  constructor({ outputs }) {
    this.outputs = new Map(Object.entries(outputs).map(([path, output]) => [assetUrl(path), output]));
    this.entries = new Map([...this.outputs].filter(([, { entryPoint }]) => entryPoint).map(([url, { entryPoint }]) => [resolve(HERE, entryPoint), url]));
  }

  get urls() {
    return [...this.outputs.keys()].sort();
  }

  urlOf(file) {
    return this.entries.get(resolve(file));
  }

  /** Every script that is loaded with `entries`, they included; with `dynamic` also what they may load later. */
  reached(entries, importmap, { dynamic = false } = {}) {
    const seen = new Set();
    const open = [...entries];
    while (open.length) {
      const url = open.pop();
      if (seen.has(url) || !this.outputs.has(url)) continue;
      seen.add(url);
      for (const { path, kind, external } of this.outputs.get(url).imports) {
        if (kind === "import-statement" || dynamic) open.push(external ? importmap[path] : assetUrl(path));
      }
    }
    return [...seen].sort();
  }
}

function assetUrl(path) {
  return `/assets/${basename(path)}`;
}

/** The worker's bytes change exactly when a file of the shell does; that is how browsers learn of a new one. */
async function buildServiceWorker(site, shell, out) {
  const version = createHash("sha256").update(shell.join("\n")).digest("hex").slice(0, 12);
  const path = `${site}/sw.js`;
  await esbuild.build({
    ...options,
    entryPoints: [join(HERE, "apps/shell/sw.ts")],
    outfile: join(out, path),
    format: "iife",
    sourcemap: false,
    define: { SHELL_VERSION: JSON.stringify(version), SHELL_FILES: JSON.stringify(shell) },
    tsconfig: join(HERE, "tsconfig.sw.json"),
  });
  return path;
}

function replace(out, staging) {
  const old = `${out}.${process.pid}.old`;
  mkdirSync(dirname(out), { recursive: true });
  if (existsSync(out)) renameSync(out, old);
  renameSync(staging, out);
  rmSync(old, { recursive: true, force: true });
}

function report(metafile, sites) {
  const scripts = Object.entries(metafile.outputs).filter(([path]) => path.endsWith(".js"));
  const bytes = scripts.reduce((sum, [, output]) => sum + output.bytes, 0);
  console.log(`build: ${scripts.length} scripts, ${Math.round(bytes / 1024)} KiB; sites: ${Object.keys(sites).join(", ") || "none"}`);
}

await main(process.argv.slice(2));
