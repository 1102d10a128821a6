/** Starts a site in the page: theme, elements, the app. */
import { adoptTheme } from "@peek/ui";
import "./define.ts";
import { offlineUse } from "./offline-use.ts";
import type { Site } from "./shell-app.ts";

/** Puts the site's app into the page. `offline` sites also get their service worker. */
export function boot(site: Site, app: CustomElementConstructor, { offline }: { offline: boolean }): void {
  document.documentElement.dataset["site"] = site;
  adoptTheme();
  customElements.define(`peek-${site}`, app);
  document.body.append(document.createElement(`peek-${site}`));
  if (offline) void offlineUse.start();
}
