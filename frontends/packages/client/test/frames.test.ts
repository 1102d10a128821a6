import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameError, frame, pack, unpack } from "../src/frames.ts";
import vectors from "./frames.json" with { type: "json" };

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

for (const { name, message, frames } of vectors.valid) {
  test(`reads and writes: ${name}`, () => {
    const read = unpack(bytes(message));
    assert.deepEqual(
      read.map(({ header, body }) => ({ header, body: hex(body) })),
      frames,
    );
    assert.equal(hex(pack(read)), message);
  });
}

for (const { name, message, close_code } of vectors.invalid) {
  test(`refuses: ${name}`, () => {
    assert.throws(() => unpack(bytes(message)), (error) => error instanceof FrameError && error.code === close_code);
  });
}

test("refuses a message that is larger than the bound", () => {
  const message = pack([frame({ k: "ping", n: 1 }, new Uint8Array(100))]);
  assert.throws(() => unpack(message, { message: 99, frame: 99, header: 64, depth: 4 }), (error) => error instanceof FrameError && error.code === 1009);
});
