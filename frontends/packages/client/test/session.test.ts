import assert from "node:assert/strict";
import { test } from "node:test";
import { Session, type SessionChange } from "../src/session.ts";

/** A session on a fetch that answers as told, and what it was asked. */
function scene(...answers: (Response | Error)[]): { session: Session; asked: [string, RequestInit][]; changes: SessionChange[] } {
  const asked: [string, RequestInit][] = [];
  const changes: SessionChange[] = [];
  const fetch = async (path: string, request: RequestInit): Promise<Response> => {
    asked.push([path, request]);
    const answer = answers.shift();
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("nothing more was expected");
    return answer;
  };
  return { session: new Session(fetch, (what) => changes.push(what)), asked, changes };
}

const refusal = (status: number, type: string, message: string): Response => Response.json({ error: { type, message } }, { status });

test("says who is signed in", async () => {
  const principal = { kind: "person", name: "anna", title: "Anna", roles: ["admin"] };
  const { session, asked } = scene(Response.json({ principal, site: "admin", platform: "Peek", version: "0.1.0" }));
  assert.deepEqual((await session.current())?.principal, principal);
  assert.equal(asked[0]?.[0], "/api/session");
  assert.equal(asked[0]?.[1].method, "GET");
});

test("401 means that nobody is signed in", async () => {
  const { session, changes } = scene(refusal(401, "NotAllowed", "Sign in first"));
  assert.equal(await session.current(), null);
  assert.deepEqual(changes, ["expired"]);
});

test("signs in with a name and password, or with a code", async () => {
  const { session, asked, changes } = scene(Response.json({}), Response.json({}));
  await session.signIn("anna", "a long password");
  await session.redeem("c0de");
  assert.deepEqual(
    asked.map(([path, { method, body }]) => [path, method, JSON.parse(String(body))]),
    [
      ["/api/session", "POST", { name: "anna", password: "a long password" }],
      ["/api/session", "POST", { code: "c0de" }],
    ],
  );
  assert.deepEqual(changes, ["signed-in", "signed-in"]);
});

test("every request carries the header that other sites' pages cannot send", async () => {
  const { session, asked } = scene(Response.json({}), new Response(null, { status: 204 }), Response.json({}));
  await session.signIn("a", "b");
  await session.signOut();
  await session.changePassword(null, "a long password");
  for (const [, { headers }] of asked) assert.equal((headers as Record<string, string>)["X-Peek"], "1");
});

test("a refusal is the server's own sentence", async () => {
  const { session, changes } = scene(refusal(403, "SignInRefused", "The name or the password is wrong"));
  await assert.rejects(session.signIn("anna", "x"), { type: "SignInRefused", message: "The name or the password is wrong" });
  assert.deepEqual(changes, []);
});

test("a server that cannot be reached is Unavailable, one that answers nonsense says its status", async () => {
  const { session } = scene(new TypeError("network"), new Response("<html>", { status: 502 }));
  await assert.rejects(session.signIn("a", "b"), { type: "Unavailable" });
  await assert.rejects(session.signIn("a", "b"), { type: "RemoteError", message: /502/ });
});

test("signing out twice is signing out", async () => {
  const { session, changes } = scene(new Response(null, { status: 204 }), refusal(401, "NotAllowed", "Sign in first"));
  await session.signOut();
  await session.signOut();
  assert.deepEqual(changes, ["signed-out", "signed-out"]);
});

test("changing a password sends both, and its refusal comes back", async () => {
  const { session, asked } = scene(refusal(400, "Rejected", "A password has at least 12 characters"));
  await assert.rejects(session.changePassword("old", "new"), { type: "Rejected", message: /12 characters/ });
  assert.deepEqual([asked[0]?.[0], JSON.parse(String(asked[0]?.[1].body))], ["/api/password", { current: "old", new: "new" }]);
});
