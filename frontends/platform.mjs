/**
 * The platform modules: what every shell and every plugin page shares through the page's import map, one instance each.
 * Plugins import these names and nothing else by a bare name; a name that is not here is a build error, because bundling a
 * second copy of Lit or of the client into a shell would break what depends on there being one.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HERE } from "./find.mjs";

const LIT = [
  "async-directive",
  "decorators",
  "directive",
  "directive-helpers",
  "html",
  "static-html",
  ...["async-append", "async-replace", "cache", "choose", "class-map", "guard", "if-defined", "join", "keyed", "live", "map"].map(inDirectives),
  ...["range", "ref", "repeat", "style-map", "template-content", "until", "when"].map(inDirectives),
];

function inDirectives(name) {
  return `directives/${name}`;
}

/** Import specifier → {file: its source, name: what its built file is called}. */
export const PLATFORM = new Map([
  ["lit", { file: join(HERE, "node_modules/lit/index.js"), name: "lit" }],
  ...LIT.map((path) => [`lit/${path}.js`, { file: join(HERE, `node_modules/lit/${path}.js`), name: `lit-${path.replace("/", "-")}` }]),
  ...["client", "ui", "chart"].map((part) => [`@peek/${part}`, { file: join(HERE, `packages/${part}/src/index.ts`), name: `peek-${part}` }]),
]);

/** Site → {file: its entry point, offline: whether it gets a service worker}. */
export const SITES = new Map(
  [
    ["admin", false],
    ["mobile", true],
    ["desktop", true],
  ].map(([site, offline]) => [site, { file: join(HERE, `apps/${site}/main.ts`), offline }]),
);

/** Sentences about pieces whose source is not there; empty when all is. */
export function missingPieces() {
  const pieces = [...PLATFORM].map(([name, { file }]) => [name, file]).concat([...SITES].map(([site, { file }]) => [`site ${site}`, file]));
  return pieces.filter(([, file]) => !existsSync(file)).map(([name, file]) => `${name}: ${file} does not exist`);
}

/** Leaves imports of platform modules to the import map of the page, and refuses what would bundle a second copy of one. */
export const platformImports = {
  name: "platform-imports",
  setup(build) {
    build.onResolve({ filter: /^(lit|lit-html|lit-element|@lit\/.*|@peek)(\/|$)/ }, ({ path, kind, importer }) => {
      if (kind === "entry-point" || importer.includes("node_modules")) return undefined;
      if (PLATFORM.has(path)) return { path, external: true };
      return { errors: [{ text: `"${path}" is not a platform module; import "lit", or add it to platform.mjs` }] };
    });
  },
};
