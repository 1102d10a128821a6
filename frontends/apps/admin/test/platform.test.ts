import assert from "node:assert/strict";
import { test } from "node:test";
import { railItems, searchTargets } from "../places.ts";
import { byConcern, concerns, databaseState, health, taskName, type DatabaseState, type PluginState, type Service, type TaskRun } from "../platform.ts";
import { rolesFrom } from "../roles.ts";
import { texts } from "../texts.ts";

const now = new Date("2026-11-22T12:00:00Z");

function service(changes: Partial<Service> = {}): Service {
  return { kind: "agent", id: "a1", name: "dmz", version: "1", state: "up", since: "2026-11-22T10:00:00Z", host: "", address: "", ...changes };
}

function plugin(changes: Partial<PluginState> = {}): PluginState {
  return { service: "server", service_id: "s1", plugin: "p", title: "P", version: "1", state: "started", reason: "", since: "2026-11-22T10:00:00Z", restarts: 0, ...changes };
}

function task(changes: Partial<TaskRun> = {}): TaskRun {
  return { id: "t", plugin: "p", name: "p.tasks:sum_up", state: "done", progress: 1, note: "", asked_by: "", worker: "", started: "2026-11-22T11:00:00Z", ended: "2026-11-22T11:01:00Z", error: "", ...changes };
}

function database(changes: Partial<DatabaseState> = {}): DatabaseState {
  return { state: "ok", why: "", since: "2026-11-22T10:00:00Z", connections: 8, running: 0, waiting: 0, ...changes };
}

test("a database that takes no changes is a concern, the first of all, and says why", () => {
  const full = database({ state: "full", why: "Its disk is full." });
  const list = concerns([service({ state: "away" })], [], [], [full], now);
  assert.deepEqual(list.map((one) => [one.kind, one.detail]), [["danger", "Its disk is full."], ["danger", ""]]);
  assert.equal(databaseState(database({ state: "busy" })).kind, "warning");
  assert.deepEqual(concerns([], [], [], [database()], now), []);
});

test("health is one word, and what is not live is unknown", () => {
  assert.equal(health([service()], [plugin()], true, [database()]).word, texts.healthGood);
  assert.equal(health([service()], [plugin({ state: "restarting" })], true, [database()]).word, texts.healthDegraded);
  assert.equal(health([service()], [plugin({ state: "failed" })], true, [database()]).word, texts.healthFailing);
  assert.equal(health([service({ state: "away" })], [plugin()], true, [database()]).word, texts.healthFailing);
  assert.equal(health([service()], [plugin()], true, [database({ state: "busy" })]).word, texts.healthDegraded);
  assert.equal(health([service()], [plugin()], true, [database({ state: "full" })]).word, texts.healthFailing);
  assert.equal(health([service()], [plugin()], false, [database()]).word, texts.healthUnknown);
  assert.equal(health([], [], true).word, texts.healthUnknown);
});

test("what needs somebody is listed, the worst first, and nothing else", () => {
  const list = concerns(
    [service(), service({ state: "away" })],
    [plugin(), plugin({ state: "restarting", reason: "refused" }), plugin({ state: "failed" })],
    [task(), task({ state: "failed", error: "killed" }), task({ state: "failed", ended: "2026-11-20T11:00:00Z" })],
    [database()],
    now,
  );
  assert.deepEqual(list.map((one) => one.kind), ["danger", "danger", "warning", "warning"]);
  assert.deepEqual(list.map((one) => one.detail), ["", "", "refused", "killed"]);
});

test("failed plugins stand first", () => {
  const sorted = [plugin({ title: "A" }), plugin({ title: "B", state: "failed" }), plugin({ title: "C", state: "restarting" })].sort(byConcern);
  assert.deepEqual(sorted.map((row) => row.title), ["B", "C", "A"]);
});

test("a task is called by its function", () => {
  assert.equal(taskName(task()), "Sum up");
});

test("roles are typed with commas or blanks and counted once", () => {
  assert.deepEqual(rolesFrom(" dispatcher, admin;admin  "), ["admin", "dispatcher"]);
  assert.deepEqual(rolesFrom(null), []);
});

test("plugins' pages stand under Plugins and are found by the search", () => {
  const row = { site: "admin", plugin: "p", title: "Tutorial", version: "1", module: "", icon: "/p/p/h/i.svg", show_home_link: true, order: 0, menu: [{ title: "Strings", path: "", icon: "table" }, { title: "Details", path: "details", icon: "list" }] };
  const entries = [{ row, module: null, failure: "" }, { row: { ...row, plugin: "hidden", show_home_link: false }, module: null, failure: "" }];
  const within = railItems(entries).find((place) => place.path === "/plugins")?.within ?? [];
  assert.deepEqual(within.map((place) => [place.title, place.path, place.icon]), [["Tutorial", "/x/p", "/p/p/h/i.svg"]]);
  assert.deepEqual(within[0]?.within.map((place) => place.path), ["/x/p/details"]);
  assert.ok(searchTargets(entries).some((place) => place.path === "/x/p/details"));
});
