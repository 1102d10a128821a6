/**
 * What the platform tells about itself: the rows an administrator may observe, the words and colours of their states, and the health of the
 * whole in one word. Plain functions, tested without a browser.
 */
import type { DatabaseState, Person, PluginStatus as PluginState, Service, Setting, TaskRun } from "@peek/client";
import type { StateKind } from "@peek/ui";
import { texts } from "./texts.ts";

export type { DatabaseState, Person, PluginState, Service, Setting, TaskRun };

export interface Shown {
  kind: StateKind;
  word: string;
}

export function serviceState(service: Service): Shown {
  return service.state === "up" ? { kind: "ok", word: texts.up } : { kind: "danger", word: texts.away };
}

export function databaseState(database: DatabaseState): Shown {
  switch (database.state) {
    case "ok":
      return { kind: "ok", word: texts.databaseWell };
    case "busy":
      return { kind: "warning", word: texts.databaseBusy };
    case "full":
      return { kind: "danger", word: texts.databaseFull };
    case "unreachable":
      return { kind: "danger", word: texts.databaseUnreachable };
  }
}

export function pluginState(plugin: PluginState): Shown {
  switch (plugin.state) {
    case "started":
      return { kind: "ok", word: texts.started };
    case "failed":
      return { kind: "danger", word: texts.failed };
    case "restarting":
      return { kind: "warning", word: texts.restarting };
    case "stopped":
    case "unloaded":
      return { kind: "idle", word: texts.stopped };
    default:
      return { kind: "pending", word: texts.starting };
  }
}

export function taskState(task: TaskRun): Shown {
  switch (task.state) {
    case "running":
      return { kind: "pending", word: texts.running };
    case "done":
      return { kind: "ok", word: texts.done };
    case "cancelled":
      return { kind: "idle", word: texts.cancelled };
    case "failed":
      return { kind: "danger", word: texts.failed };
  }
}

/** One thing that somebody has to look at. */
export interface Concern {
  kind: StateKind;
  text: string;
  detail: string;
  path: string;
}

/** What needs an administrator, the worst first. */
export function concerns(
  services: readonly Service[],
  plugins: readonly PluginState[],
  tasks: readonly TaskRun[],
  databases: readonly DatabaseState[],
  now: Date,
): Concern[] {
  const dayAgo = now.getTime() - 24 * 3600 * 1000;
  const away = services
    .filter((service) => service.state !== "up")
    .map((service): Concern => ({ kind: "danger", text: texts.serviceAway(service.kind, service.name), detail: "", path: "/" }));
  const unwell = plugins
    .filter((plugin) => plugin.state === "failed" || plugin.state === "restarting")
    .map((plugin): Concern => ({
      kind: pluginState(plugin).kind,
      text: texts.pluginUnwell(plugin.title || plugin.plugin, pluginState(plugin).word, plugin.service),
      detail: plugin.reason,
      path: `/plugins?open=${encodeURIComponent(pluginKey(plugin))}`,
    }));
  const failed = tasks
    .filter((task) => task.state === "failed" && Date.parse(task.ended ?? task.started) > dayAgo)
    .map((task): Concern => ({
      kind: "warning",
      text: texts.taskFailed(taskName(task)),
      detail: task.error,
      path: `/tasks?open=${encodeURIComponent(task.id)}`,
    }));
  const databasesUnwell = databases
    .filter((database) => database.state !== "ok")
    .map((database): Concern => ({ kind: databaseState(database).kind, text: databaseState(database).word, detail: database.why, path: "/" }));
  return [...databasesUnwell, ...away, ...unwell, ...failed].sort((left, right) => weight(left) - weight(right));
}

function weight(concern: Concern): number {
  return concern.kind === "danger" ? 0 : 1;
}

/** The whole in one word. Unknown while the rows are not live: an old green is no green. */
export function health(services: readonly Service[], plugins: readonly PluginState[], live: boolean, databases: readonly DatabaseState[] = []): Shown {
  if (!live || services.length === 0) return { kind: "idle", word: texts.healthUnknown };
  const shown = [...services.map(serviceState), ...plugins.map(pluginState), ...databases.map(databaseState)].map(({ kind }) => kind);
  if (shown.includes("danger")) return { kind: "danger", word: texts.healthFailing };
  if (shown.includes("warning")) return { kind: "warning", word: texts.healthDegraded };
  return { kind: "ok", word: texts.healthGood };
}

/** Failed ones first, then those that restart, then by name and service. */
export function byConcern(left: PluginState, right: PluginState): number {
  const rank = (plugin: PluginState): number => ["failed", "restarting"].indexOf(plugin.state) + 1 || 3;
  return rank(left) - rank(right) || left.title.localeCompare(right.title) || left.service.localeCompare(right.service);
}

/** What identifies a plugin on one service. */
export function pluginKey(plugin: PluginState): string {
  return `${plugin.service_id}/${plugin.plugin}`;
}

/** The function's own name of `module:qualname`, as words. */
export function taskName(task: TaskRun): string {
  const words = (task.name.split(/[:.]/).at(-1) ?? task.name).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
