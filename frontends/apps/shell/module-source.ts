/**
 * Imports plugin modules in a browser. The file is fetched first: the answer says what is wrong in words, which a failed import does not, and
 * some browsers never ask again for a module that failed once, so another attempt needs another address.
 */
import type { ModuleSource } from "./plugin-catalogue.ts";
import { texts } from "./texts.ts";

export const browserModules: ModuleSource = {
  async load(url, attempt) {
    const address = attempt === 0 ? url : `${url}?attempt=${attempt}`;
    const answer = await fetch(address).catch(() => null);
    if (!answer) throw new Error(texts.moduleUnreachable);
    if (!answer.ok) throw new Error(texts.moduleMissing(answer.status));
    try {
      return (await import(address)) as unknown;
    } catch (error) {
      throw new Error(texts.moduleBroken(error instanceof Error ? error.message : String(error)));
    }
  },
  define(name, element) {
    customElements.define(name, element);
  },
};
