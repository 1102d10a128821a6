/** The compilers that the scripts beside this one run, with a sentence instead of a stack trace when they are not installed. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HERE } from "./find.mjs";

/** The TypeScript compiler's script. */
export const TSC = join(HERE, "node_modules/typescript/bin/tsc");

if (!existsSync(TSC) || !existsSync(join(HERE, "node_modules/esbuild/package.json"))) {
  console.error(`The compilers are not installed. Run \`npm ci --ignore-scripts\` in ${HERE} first.`);
  process.exit(1);
}

export const esbuild = await import("esbuild");
