/**
 * `npm test [-- part of a path ...]`: bundles every `test/*.test.ts` and runs them with Node's own test runner. Bundling, because
 * Node 20 does not read TypeScript and the same command must work with every Node from 20 on.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join, relative } from "node:path";
import { find, HERE } from "./find.mjs";
import { esbuild } from "./toolchain.mjs";

const OUT = join(HERE, "node_modules/.cache/peek-tests");
const picked = process.argv.slice(2);
const tests = ["packages", "apps", "test"]
  .flatMap((part) => find(join(HERE, part), (path) => path.includes("/test/") && path.endsWith(".test.ts")))
  .filter((path) => picked.length === 0 || picked.some((part) => path.includes(part)));

if (tests.length === 0) {
  console.error(`test: no test/*.test.ts found${picked.length ? ` for ${picked.join(", ")}` : ""}`);
  process.exit(1);
}

rmSync(OUT, { recursive: true, force: true });
await esbuild.build({
  entryPoints: tests.map((path) => ({ in: path, out: relative(HERE, path).replace(/\.ts$/, "").replaceAll(/[\\/]/g, "-") })),
  outdir: OUT,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  external: ["esbuild"],
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  loader: { ".css": "text", ".svg": "text" },
  tsconfig: join(HERE, "tsconfig.test.json"),
  logLevel: "warning",
});

const bundles = find(OUT, (path) => path.endsWith(".mjs"));
const done = spawnSync(process.execPath, ["--enable-source-maps", "--test-reporter=spec", "--test", ...bundles], { cwd: HERE, stdio: "inherit" });
if (done.error) throw done.error;
process.exitCode = done.status ?? 1;
