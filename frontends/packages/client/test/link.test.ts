import assert from "node:assert/strict";
import { test } from "node:test";
import { frame } from "../src/frames.ts";
import { WAITING_BYTES } from "../src/outgoing.ts";
import { ADMIN, Scene, turns } from "./harness.ts";

test("says hello first and is live once welcomed", async () => {
  const scene = new Scene();
  const states: string[] = [];
  scene.client.connection.addEventListener("change", () => states.push(scene.client.connection.state));
  const socket = await scene.live();

  const [hello] = socket.headers("hello");
  assert.equal(hello?.["protocol"], 1);
  assert.equal(hello?.["service"], "device");
  assert.equal(hello?.["site"], "mobile");
  assert.match(String(hello?.["id"]), /^[0-9a-f]{32}/);
  assert.deepEqual(states, ["live"]);
  assert.equal(scene.client.connection.principal?.title, "Anna");
  assert.equal(scene.client.connection.server?.id, "c1");
  assert.equal(scene.client.connection.reason, "");
});

test("keeps its device id between visits", async () => {
  const first = new Scene();
  const id = (await first.live()).headers("hello")[0]?.["id"];
  const second = new Scene({ small: first.small });
  assert.equal((await second.live()).headers("hello")[0]?.["id"], id);
});

test("redials below a ceiling that doubles up to 12 s", async () => {
  const scene = new Scene();
  scene.clock.chance = 0.999;
  scene.client.start();
  for (const ceiling of [1000, 2000, 4000, 8000, 12_000, 12_000]) {
    const before = scene.sockets.length;
    await scene.socket.drop();
    assert.equal(scene.client.connection.state, "offline");
    await scene.clock.advance(ceiling * 0.99);
    assert.equal(scene.sockets.length, before, `not before ${ceiling} ms`);
    await scene.clock.advance(ceiling * 0.01);
    assert.equal(scene.sockets.length, before + 1, `at ${ceiling} ms`);
  }
});

test("a link that is dropped right after the welcome does not count as a success", async () => {
  const scene = new Scene();
  scene.clock.chance = 0.999;
  scene.client.start();
  for (const ceiling of [1000, 2000, 4000]) {
    await scene.socket.welcome();
    await scene.socket.drop();
    const before = scene.sockets.length;
    await scene.clock.advance(ceiling * 0.99);
    assert.equal(scene.sockets.length, before);
    await scene.clock.advance(ceiling * 0.01);
  }
});

test("the first redial comes after half a second at the earliest, later ones after most of their ceiling", async () => {
  const scene = new Scene();
  scene.clock.chance = 0;
  scene.client.start();
  for (const floor of [500, 1500, 3000, 6000, 9000]) {
    await scene.socket.drop();
    const before = scene.sockets.length;
    await scene.clock.advance(floor - 1);
    assert.equal(scene.sockets.length, before, `not before ${floor} ms`);
    await scene.clock.advance(1);
    assert.equal(scene.sockets.length, before + 1, `at ${floor} ms`);
  }
});

test("a server with many devices asks for a wider spread, in its welcome and later in its pings", async () => {
  const scene = new Scene();
  scene.clock.chance = 0.999;
  const socket = await scene.live();
  await socket.reply(frame({ k: "ping", n: 1, spread: 8 }));
  const before = scene.sockets.length;
  await socket.drop();
  await scene.clock.advance(7_900);
  assert.equal(scene.sockets.length, before);
  await scene.clock.advance(100);
  assert.equal(scene.sockets.length, before + 1);
});

test("redials at once when the network or the page comes back", async () => {
  const scene = new Scene();
  scene.client.start();
  for (const why of ["online", "visible"] as const) {
    await scene.socket.drop();
    const before = scene.sockets.length;
    scene.wake("offline");
    assert.equal(scene.sockets.length, before);
    scene.wake(why);
    assert.equal(scene.sockets.length, before + 1);
  }
});

test("asks a silent server after 10 s, and gives up 10 s later", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  await scene.clock.advance(9_999);
  assert.equal(socket.headers("ping").length, 0);
  await scene.clock.advance(1);
  assert.equal(socket.headers("ping").length, 1);
  await scene.clock.advance(9_999);
  assert.equal(scene.client.connection.state, "live");
  await scene.clock.advance(1);
  assert.equal(scene.client.connection.state, "offline");
  assert.equal(scene.client.connection.reason, "The server does not answer");
  assert.notEqual(socket.closedWith, null);
});

test("any frame counts as a sign of life", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  await scene.clock.advance(10_000);
  await socket.reply(frame({ k: "pong", n: 1 }));
  await scene.clock.advance(9_000);
  await socket.reply(frame({ k: "ping", n: 7 }));
  await scene.clock.advance(9_000);
  assert.deepEqual(socket.headers("pong"), [{ k: "pong", n: 7 }]);
  assert.equal(socket.headers("ping").length, 1);
  assert.equal(scene.client.connection.state, "live");
});

test("asks at once when the network changes under a live link", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  scene.wake("online");
  await turns();
  assert.equal(socket.headers("ping").length, 1);
  assert.equal(scene.sockets.length, 1);
});

test("a refusal to people who are not signed in parks the link until someone signs in", async () => {
  const scene = new Scene({ fetch: async () => new Response("{}") });
  scene.client.start();
  scene.socket.events.opened();
  await turns();
  await scene.socket.reply(frame({ k: "refuse", code: "sign-in", reason: "Sign in first" }));
  assert.equal(scene.client.connection.state, "signed-out");
  assert.equal(scene.client.connection.reason, "Sign in first");
  scene.wake("online");
  await scene.clock.advance(120_000);
  assert.equal(scene.sockets.length, 1);

  await scene.client.session.signIn("anna", "a long password");
  assert.equal(scene.sockets.length, 2);
  await scene.socket.welcome();
  assert.equal(scene.client.connection.state, "live");
});

test("a refusal for good is shown and asked about again after 30 s", async () => {
  const scene = new Scene();
  scene.client.start();
  scene.socket.events.opened();
  await turns();
  await scene.socket.reply(frame({ k: "refuse", code: "version", reason: "Reload this page" }));
  assert.equal(scene.client.connection.state, "refused");
  assert.equal(scene.client.connection.reason, "Reload this page");
  await scene.clock.advance(29_999);
  assert.equal(scene.sockets.length, 1);
  await scene.clock.advance(1);
  assert.equal(scene.sockets.length, 2);
});

test("a busy server is tried again like one that cannot be reached", async () => {
  const scene = new Scene();
  scene.client.start();
  scene.socket.events.opened();
  await turns();
  await scene.socket.reply(frame({ k: "refuse", code: "busy", reason: "Too many devices" }));
  assert.equal(scene.client.connection.state, "offline");
  await scene.clock.advance(1000);
  assert.equal(scene.sockets.length, 2);
});

test("nothing but a welcome or a refusal is taken before the welcome", async () => {
  const scene = new Scene();
  scene.client.start();
  scene.socket.events.opened();
  await turns();
  await scene.socket.reply(frame({ k: "ping", n: 1 }));
  assert.equal(scene.socket.closedWith, 1002);
  assert.equal(scene.client.connection.state, "offline");
});

test("text and junk close the link with the code of their fault", async () => {
  for (const [data, code] of [
    ["text", 1003],
    [new Uint8Array([1, 2, 3]).buffer, 1002],
  ] as const) {
    const scene = new Scene();
    const socket = await scene.live();
    socket.events.message(data);
    assert.equal(socket.closedWith, code);
    assert.equal(scene.client.connection.state, "offline");
  }
});

test("an answer to nothing closes the link, a late one does not", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const asked = assert.rejects(scene.client.call("a.b", {}, { timeout: 1 }));
  await scene.clock.advance(2_000);
  await asked;
  await socket.reply(frame({ k: "res", i: 1 }));
  assert.equal(scene.client.connection.state, "live");
  await socket.reply(frame({ k: "res", i: 99 }));
  assert.equal(scene.client.connection.state, "offline");
});

test("a server that opens an exchange is told that pages answer none", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  await socket.reply(frame({ k: "call", i: 4, m: "page.method", d: 3 }));
  const [refusal] = socket.headers("err");
  assert.equal(refusal?.["i"], 4);
  assert.deepEqual((refusal?.["e"] as { type: string }).type, "NoSuchEndpoint");
});

test("gives up dialling after 10 s, and waiting for the welcome after 10 s", async () => {
  const scene = new Scene();
  scene.client.start();
  await scene.clock.advance(10_000);
  assert.equal(scene.client.connection.state, "offline");
  await scene.clock.advance(1000);
  scene.socket.events.opened();
  await scene.clock.advance(9_999);
  const waiting = scene.socket;
  assert.equal(waiting.closedWith, null);
  await scene.clock.advance(1);
  assert.notEqual(waiting.closedWith, null);
});

test("frames that are ready together travel in one message", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  const before = socket.messages;
  void scene.client.call("a.one", {});
  void scene.client.call("a.two", {});
  await turns();
  assert.equal(socket.of("call").length, 2);
  assert.equal(socket.messages, before + 1);
});

test("refuses what is too large, and what would pile up behind a slow network", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  await assert.rejects(scene.client.call("a.b", { text: "x".repeat(1024 * 1024) }), { type: "BadRequest" });
  socket.waiting = WAITING_BYTES + 1;
  await assert.rejects(scene.client.call("a.b", {}), { type: "Unavailable" });
  assert.equal(socket.of("call").length, 0);
});

test("stop closes the link and dials no more", async () => {
  const scene = new Scene();
  const socket = await scene.live();
  scene.client.stop();
  assert.equal(socket.closedWith, 1000);
  await scene.clock.advance(120_000);
  assert.equal(scene.sockets.length, 1);
});

test("who was signed in is known without a network", async () => {
  const first = new Scene();
  await first.live();
  const later = new Scene({ small: first.small });
  later.client.start();
  await later.socket.drop();
  assert.equal(later.client.connection.principal?.name, ADMIN["name"]);
});
