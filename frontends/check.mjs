/**
 * `npm run check`: the TypeScript compiler over everything that runs in a browser: the sources, their tests, the service
 * worker, and the plain JavaScript of the plugins in this repository. All of them are checked even when one fails.
 */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { find, HERE } from "./find.mjs";
import { TSC } from "./toolchain.mjs";

const programs = [
  { config: "tsconfig.json", what: "sources" },
  { config: "tsconfig.test.json", what: "tests" },
  { config: "tsconfig.sw.json", what: "service worker" },
  { config: "tsconfig.plugins.json", what: "plugins" },
];

const pluginScripts = find(resolve(HERE, "../plugins"), (path) => path.includes("/_private/") && path.endsWith(".js"));

let failed = 0;
for (const { config, what } of programs) {
  // The compiler calls an empty program an error; a checkout without plugins is not one.
  if (what === "plugins" && pluginScripts.length === 0) continue;
  const done = spawnSync(process.execPath, [TSC, "-p", join(HERE, config)], {
    cwd: HERE,
    stdio: "inherit",
  });
  if (done.error) throw done.error;
  if (done.status !== 0) {
    failed += 1;
    console.error(`check: ${what} (${config}) failed`);
  }
}
process.exitCode = failed ? 1 : 0;
