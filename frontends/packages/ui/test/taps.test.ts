import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReactiveControllerHost } from "lit";
import type { PeekClient } from "@peek/client";
import type { ObserveController } from "../src/data/observe-controller.ts";
import { Taps } from "../src/data/taps.ts";

/** A page, a client that answers when it is told to, and how often the page was rendered anew. */
function scene() {
  let updates = 0;
  const answers: { settle: (status: string) => void; see: () => void; fail: (error: Error) => void }[] = [];
  const act = () =>
    new Promise((resolve, reject) => {
      let see = (): void => {};
      const seen = new Promise<boolean>((told) => (see = () => told(true)));
      const settle = (status: string): void => resolve({ status, message: "", result: null, tx: "1", seenBy: () => (status === "applied" ? seen : Promise.resolve(false)) });
      answers.push({ settle, see, fail: reject });
    });
  const host = { requestUpdate: () => (updates += 1) } as unknown as ReactiveControllerHost;
  const taps = new Taps<number>(host, () => ({ act }) as unknown as PeekClient, {} as ObserveController<unknown>);
  return { taps, answers, updates: () => updates };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a mark stays until the view includes the tap, not only until it was applied", async () => {
  const { taps, answers, updates } = scene();
  const done = taps.act(7, "t.Act", {});
  assert.deepEqual([taps.has(7), taps.has(8), updates()], [true, false, 1]);
  answers[0]?.settle("applied");
  await turn();
  assert.equal(taps.has(7), true);
  answers[0]?.see();
  assert.equal((await done).status, "applied");
  assert.deepEqual([taps.has(7), updates()], [false, 2]);
});

test("several taps on a row are one mark, which stays for the last of them", async () => {
  const { taps, answers } = scene();
  const both = [taps.act(7, "t.Act", {}), taps.act(7, "t.Act", {})];
  for (const answer of answers) answer.settle("applied");
  answers[0]?.see();
  await both[0];
  assert.equal(taps.has(7), true);
  answers[1]?.see();
  await both[1];
  assert.equal(taps.has(7), false);
});

test("what is rejected or cannot be kept loses its mark", async () => {
  const { taps, answers } = scene();
  const rejected = taps.act(1, "t.Act", {});
  answers[0]?.settle("rejected");
  assert.equal((await rejected).status, "rejected");
  const lost = taps.act(2, "t.Act", {});
  answers[1]?.fail(new Error("The device is full"));
  await assert.rejects(lost, /full/);
  assert.deepEqual([taps.has(1), taps.has(2)], [false, false]);
});
