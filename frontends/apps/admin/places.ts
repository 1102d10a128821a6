/** Where one can go on the admin site: its own pages and those of plugins, for the rail and for the search. */
import type { PluginEntry } from "../shell/plugin-catalogue.ts";
import { texts } from "./texts.ts";

export interface Place {
  title: string;
  path: string;
  /** The name of an icon, or the address of an SVG file (it then has a `/`). */
  icon: string;
  /** Pages below this one. */
  within: readonly Place[];
}

const own: readonly Place[] = [
  { title: texts.overview, path: "/", icon: "overview", within: [] },
  { title: texts.plugins, path: "/plugins", icon: "plugin", within: [] },
  { title: texts.tasks, path: "/tasks", icon: "task", within: [] },
  { title: texts.people, path: "/people", icon: "people", within: [] },
  { title: texts.activity, path: "/activity", icon: "list", within: [] },
  { title: texts.settings, path: "/settings", icon: "settings", within: [] },
];

/** The site's pages, with the plugins' under Plugins. */
export function railItems(entries: readonly PluginEntry[]): readonly Place[] {
  return own.map((place) => (place.path === "/plugins" ? { ...place, within: pluginPlaces(entries) } : place));
}

/** Every page, flat, as the search offers them. */
export function searchTargets(entries: readonly PluginEntry[]): readonly Place[] {
  return [...own, ...pluginPlaces(entries).flatMap((place) => [place, ...place.within])];
}

/** One place for each plugin; what its menu offers besides its first page lies within. */
function pluginPlaces(entries: readonly PluginEntry[]): Place[] {
  return entries
    .filter(({ row }) => row.show_home_link)
    .map(({ row }) => {
      const base = `/x/${row.plugin}`;
      const more = row.menu.filter((item) => item.path !== "").map((item) => ({ title: item.title, path: `${base}/${item.path}`, icon: item.icon, within: [] }));
      return { title: row.title, path: base, icon: row.icon || row.menu[0]?.icon || "plugin", within: more };
    });
}
