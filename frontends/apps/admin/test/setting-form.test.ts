import assert from "node:assert/strict";
import { test } from "node:test";
import type { Setting } from "../platform.ts";
import { changedSettings, settingField, settingGroups } from "../setting-form.ts";

function setting(changes: Partial<Setting> = {}): Setting {
  return { plugin: "b", key: "hours", title: "Hours", help: "Kept.", kind: "int", value: 24, default: 24, minimum: 1, maximum: 48, ...changes };
}

test("settings are grouped by plugin in order", () => {
  const groups = settingGroups([setting(), setting({ plugin: "a" }), setting({ key: "days" })]);
  assert.deepEqual(groups.map(([plugin, settings]) => [plugin, settings.map((one) => one.key)]), [
    ["a", ["hours"]],
    ["b", ["hours", "days"]],
  ]);
});

test("a field's help says the range and the default", () => {
  assert.equal(settingField(setting()).help, "Kept. From 1 to 48. Default: 24.");
  assert.equal(settingField(setting({ kind: "bool", value: true, default: true, minimum: null, maximum: null })).help, "Kept.");
});

test("only what changed is saved, and an emptied text is the empty text", () => {
  const settings = [setting(), setting({ key: "label", kind: "text", value: "North", default: "", minimum: null, maximum: null })];
  assert.deepEqual(changedSettings(settings, { hours: 24, label: "North" }), []);
  assert.deepEqual(changedSettings(settings, { hours: 12, label: null }), [
    ["hours", 12],
    ["label", ""],
  ]);
});
