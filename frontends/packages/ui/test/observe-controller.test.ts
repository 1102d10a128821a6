import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { PeekClient, View } from "@peek/client";
import { ObserveController, type Selector } from "../src/data/observe-controller.ts";

class Host implements ReactiveControllerHost {
  controllers: ReactiveController[] = [];
  updates = 0;
  readonly updateComplete = Promise.resolve(true);
  addController(controller: ReactiveController): void {
    this.controllers.push(controller);
  }
  removeController(): void {}
  requestUpdate(): void {
    this.updates += 1;
  }
  connect(): void {
    for (const one of this.controllers) one.hostConnected?.();
  }
  render(): void {
    for (const one of this.controllers) one.hostUpdate?.();
  }
  disconnect(): void {
    for (const one of this.controllers) one.hostDisconnected?.();
  }
}

/** Stands in for the client: remembers what is observed and lets a test answer. */
class Observed {
  open: { selector: Selector; tell: (view: View<string>) => void }[] = [];
  readonly client = {
    observe: (_type: string, selector: Selector, tell: (view: View<string>) => void) => {
      const entry = { selector, tell };
      this.open.push(entry);
      return () => void this.open.splice(this.open.indexOf(entry), 1);
    },
  } as unknown as PeekClient;
}

const live = (...rows: string[]): View<string> => ({ rows, status: "live", at: new Date(0), error: "", reason: "", skipped: 0, seen: "", includes: () => false });

test("it observes exactly while its host is connected", () => {
  const host = new Host();
  const observed = new Observed();
  new ObserveController<string>(host, () => observed.client, "a.B", { key: "x" });
  assert.equal(observed.open.length, 0);
  host.connect();
  assert.deepEqual(observed.open[0]?.selector, { key: "x" });
  host.render();
  assert.equal(observed.open.length, 1);
  host.disconnect();
  assert.equal(observed.open.length, 0);
});

test("a change renders the host and tells other watchers", () => {
  const host = new Host();
  const observed = new Observed();
  const controller = new ObserveController<string>(host, () => observed.client, "a.B", {});
  let told = 0;
  const stop = controller.subscribe(() => (told += 1));
  host.connect();
  observed.open[0]?.tell(live("one"));
  assert.deepEqual([controller.rows, controller.status, host.updates, told], [["one"], "live", 1, 1]);
  stop();
  observed.open[0]?.tell(live("two"));
  assert.deepEqual([controller.first, told], ["two", 1]);
});

test("another selector drops the rows of the one before", () => {
  const host = new Host();
  const observed = new Observed();
  let id: string | null = "1";
  const controller = new ObserveController<string>(host, () => observed.client, "a.B", () => (id === null ? null : { id }));
  host.connect();
  observed.open[0]?.tell(live("one"));
  id = "2";
  host.render();
  assert.deepEqual([controller.rows, controller.status], [[], "loading"]);
  assert.deepEqual(observed.open.map((entry) => entry.selector), [{ id: "2" }]);
  id = null;
  host.render();
  assert.equal(observed.open.length, 0);
});

test("rows stay readable after the host was taken out of the page", () => {
  const host = new Host();
  const observed = new Observed();
  const controller = new ObserveController<string>(host, () => observed.client, "a.B", {});
  host.connect();
  observed.open[0]?.tell(live("one"));
  host.disconnect();
  assert.deepEqual(controller.rows, ["one"]);
  host.connect();
  assert.deepEqual(controller.rows, ["one"]);
});

test("retry asks again from the start", () => {
  const host = new Host();
  const observed = new Observed();
  const controller = new ObserveController<string>(host, () => observed.client, "a.B", {});
  host.connect();
  observed.open[0]?.tell({ ...live(), status: "error", error: "The database is away." });
  assert.equal(controller.error, "The database is away.");
  controller.retry();
  assert.deepEqual([observed.open.length, controller.status], [1, "loading"]);
});
