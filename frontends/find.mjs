/** Finds files below a directory, for the scripts beside this one. (Node 20 has no glob of its own.) */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of the workspace. */
export const HERE = dirname(fileURLToPath(import.meta.url));

/** Every file below `directory` that `wanted` accepts, sorted; paths have forward slashes. Nothing for a missing directory. */
export function find(directory, wanted) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .flatMap((entry) => {
      const path = join(directory, entry.name).replaceAll("\\", "/");
      if (entry.isDirectory()) return find(path, wanted);
      return wanted(path) ? [path] : [];
    })
    .sort();
}
