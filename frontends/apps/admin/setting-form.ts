/** Settings as forms: one group for each plugin, a field for each setting. Plain functions, tested without a browser. */
import type { Json } from "@peek/client";
import type { FormField } from "@peek/ui";
import type { Setting } from "./platform.ts";
import { texts } from "./texts.ts";

/** The settings of each plugin, both in the order of their names. */
export function settingGroups(settings: readonly Setting[]): [plugin: string, settings: Setting[]][] {
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) groups.set(setting.plugin, [...(groups.get(setting.plugin) ?? []), setting]);
  return [...groups].sort(([left], [right]) => left.localeCompare(right));
}

/** The field of a setting; its help ends with the range and the default. */
export function settingField(setting: Setting): FormField {
  const range = setting.minimum !== null && setting.maximum !== null ? texts.range(String(setting.minimum), String(setting.maximum)) : "";
  const standard = setting.kind === "bool" || setting.default === null || setting.default === "" ? "" : texts.defaultIs(String(setting.default));
  return {
    key: setting.key,
    label: setting.title || setting.key,
    help: [setting.help, range, standard].filter(Boolean).join(" "),
    kind: setting.kind,
    optional: setting.kind === "text",
    minimum: setting.minimum,
    maximum: setting.maximum,
  };
}

/** Which settings have another value now. An emptied text is the empty text, not nothing. */
export function changedSettings(settings: readonly Setting[], values: Record<string, Json>): [key: string, value: Json][] {
  return settings
    .map((setting): [string, Json, Json] => [setting.key, setting.kind === "text" ? (values[setting.key] ?? "") : (values[setting.key] ?? null), setting.value])
    .filter(([, value, before]) => value !== before)
    .map(([key, value]) => [key, value]);
}
