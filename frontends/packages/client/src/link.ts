/**
 * One link to the server, kept up: dials, says hello, notices silence, and dials again after a delay that keeps devices apart, or at once
 * when the network or the page comes back. Patterns (calls, views, outbox) open exchanges on it and are told when it is live or lost.
 */
import { Redialling, type Clock } from "./clock.ts";
import type { Connection, ConnectionState, Principal, ServerInfo } from "./connection.ts";
import { PeekError } from "./errors.ts";
import { Exchanges, type Exchange } from "./exchanges.ts";
import { frame, FrameError, unpack, type Frame } from "./frames.ts";
import { asNumber, asObject, asText, type Json, type JsonObject } from "./json.ts";
import { Keepalive } from "./keepalive.ts";
import { Outgoing } from "./outgoing.ts";
import { Assembly } from "./parts.ts";
import type { Socket, SocketFactory, WakeReason } from "./socket.ts";
import { texts } from "./texts.ts";

export const PROTOCOL = 1;
const OPEN_MS = 10_000;
const WELCOME_MS = 10_000;
/** Whoever is refused for good reason asks again seldom: the reason lasts until someone upgrades something. */
const AFTER_REFUSAL_MS = 30_000;
/** A link that lived less than this does not count as a success: a server that drops everyone must not be stormed. */
const PROVEN_MS = 10_000;

export interface LinkParts {
  url: string;
  socket: SocketFactory;
  clock: Clock;
  connection: Connection;
  /** The header of the hello, without `k` and `protocol`. */
  hello: JsonObject;
  /** The server has welcomed us. */
  live(): void;
  /** The link is gone, or could not be made; after every exchange on it has been told. */
  lost(): void;
}

interface Attempt {
  socket: Socket;
  outgoing: Outgoing;
  assembly: Assembly;
  keepalive: Keepalive | null;
  liveSince: number | null;
  disarm: () => void;
}

export class Link {
  private readonly exchanges = new Exchanges();
  private readonly redialling: Redialling;
  private attempt: Attempt | null = null;
  private cancelRetry: () => void = () => {};
  private running = false;

  constructor(private readonly parts: LinkParts) {
    this.redialling = new Redialling(parts.clock);
  }

  get live(): boolean {
    return this.attempt?.keepalive != null;
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.dial();
  }

  stop(): void {
    this.running = false;
    this.cancelRetry();
    this.end(1000, texts.stopped);
  }

  /** Dials anew at once, because credentials have changed. */
  restart(): void {
    if (!this.running) return;
    this.end(1000, texts.closed, "connecting");
    this.become("connecting", texts.connecting);
    this.redialling.reset();
    this.dial();
  }

  /** Nobody is signed in here: closes, and stays closed until `restart`. */
  signOut(reason: string): void {
    this.cancelRetry();
    this.end(1000, reason, "signed-out");
    this.become("signed-out", reason);
  }

  /** The network or the page came or went. */
  woken(why: WakeReason): void {
    if (!this.running || why === "hidden") return;
    // Browsers' word about the network is a hint: a live link is asked rather than dropped, a dead one tried rather than believed.
    if (this.attempt) this.attempt.keepalive?.probe();
    else if (why !== "offline" && this.parts.connection.state !== "signed-out") this.dial();
  }

  /** Opens an exchange. Throws PeekError: `Unavailable` when not live, `BadRequest` when too large. */
  open(header: JsonObject & { k: string }, body: Uint8Array | undefined, exchange: Exchange): number {
    const outgoing = this.live ? this.attempt?.outgoing : undefined;
    if (!outgoing) throw new PeekError("Unavailable", texts.notSent);
    const i = this.exchanges.begin(exchange);
    try {
      outgoing.send(frame({ ...header, i }, body));
    } catch (error) {
      this.exchanges.end(i);
      throw error;
    }
    return i;
  }

  /** Says something more within an exchange that is open. Without a link it is lost, as the exchange is. */
  say(i: number, header: JsonObject & { k: string }): void {
    if (this.live) this.attempt?.outgoing.put(frame({ ...header, i }));
  }

  /** Ends an exchange; with `farewell` (its `k`: cancel, unsub) the server is told, if there still is one. */
  finish(i: number, farewell?: string): void {
    this.exchanges.end(i);
    if (farewell && this.live) this.attempt?.outgoing.put(frame({ k: farewell, i }));
  }

  private dial(): void {
    this.cancelRetry();
    const { url, socket, clock, hello } = this.parts;
    const opened = socket(url, {
      opened: () => {
        if (this.attempt !== attempt) return;
        attempt.disarm();
        attempt.disarm = clock.after(WELCOME_MS, () => this.end(1002, texts.silent));
        attempt.outgoing.put(frame({ k: "hello", protocol: PROTOCOL, ...hello }));
      },
      message: (data) => {
        if (this.attempt === attempt) this.received(attempt, data);
      },
      closed: (code, reason) => {
        if (this.attempt === attempt) this.ended(attempt, closingText(attempt, code, reason), "offline");
      },
    });
    const attempt: Attempt = {
      socket: opened,
      outgoing: new Outgoing(opened, clock),
      assembly: new Assembly(),
      keepalive: null,
      liveSince: null,
      disarm: clock.after(OPEN_MS, () => this.end(1000, texts.unreachable)),
    };
    this.attempt = attempt;
  }

  private received(attempt: Attempt, data: ArrayBuffer | string): void {
    attempt.keepalive?.heard();
    attempt.outgoing.flush();
    try {
      if (typeof data === "string") throw new FrameError(1003, "text");
      for (const one of unpack(new Uint8Array(data))) {
        // A frame may close the link (a refusal); those behind it in the same message are then void.
        if (this.attempt !== attempt) return;
        const whole = one.header["k"] === "part" ? attempt.assembly.take(one) : one;
        if (whole) this.dispatch(attempt, whole);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      if (this.attempt === attempt) this.end(error.code, texts.badFrame(error.message));
    }
  }

  private dispatch(attempt: Attempt, one: Frame): void {
    const { header } = one;
    const kind = header["k"];
    if (kind === "refuse") return this.refused(asText(header["code"]), asText(header["reason"]));
    if (!attempt.keepalive) {
      if (kind === "welcome") return this.welcomed(attempt, header);
      return this.end(1002, texts.badFrame(`${String(kind)} before welcome`));
    }
    switch (kind) {
      case "ping":
        this.heedSpread(header);
        return attempt.outgoing.put(frame({ k: "pong", n: header["n"] ?? 0 }));
      case "pong":
        return this.heedSpread(header);
      case "call":
      case "sub":
      case "act":
      case "msg":
        return attempt.outgoing.put(notHere(header["i"] ?? 0));
      case "cancel":
      case "unsub":
        return;
      default:
        if (this.exchanges.answer(Number(header["i"]), one)) return;
        return this.end(1002, texts.badFrame(`${String(kind)} for an exchange that was never opened`));
    }
  }

  private welcomed(attempt: Attempt, header: JsonObject): void {
    const { clock, connection } = this.parts;
    attempt.disarm();
    attempt.liveSince = clock.monotonic();
    this.heedSpread(header);
    attempt.keepalive = new Keepalive(
      clock,
      (n) => attempt.outgoing.put(frame({ k: "ping", n })),
      () => this.end(1000, texts.silent),
    );
    connection.identify(readPrincipal(header["principal"]), readServer(header));
    this.become("live", "");
    this.parts.live();
  }

  private refused(code: string, reason: string): void {
    if (code === "sign-in") return this.signOut(reason || texts.signedOut);
    const why = reason || texts.noReason;
    this.end(1000, why, code === "busy" ? "offline" : "refused");
  }

  /** Closes from our side. */
  private end(code: number, why: string, state: ConnectionState = "offline"): void {
    const attempt = this.attempt;
    if (!attempt) return;
    attempt.outgoing.close();
    // Told before the socket is closed: a half-open socket may take minutes to say that it is.
    this.ended(attempt, why, state);
    attempt.socket.close(code, why);
  }

  private ended(attempt: Attempt, why: string, state: ConnectionState): void {
    const { clock } = this.parts;
    this.attempt = null;
    attempt.disarm();
    attempt.keepalive?.stop();
    if (attempt.liveSince !== null && clock.monotonic() - attempt.liveSince >= PROVEN_MS) this.redialling.reset();
    this.become(state, why);
    this.exchanges.loseAll(new PeekError("LinkLost", texts.lostInFlight));
    this.parts.lost();
    if (!this.running || state === "signed-out") return;
    const delay = state === "refused" ? AFTER_REFUSAL_MS : this.redialling.next();
    this.cancelRetry = clock.after(delay, () => this.dial());
  }

  private heedSpread(header: JsonObject): void {
    if (header["spread"] !== undefined) this.redialling.spread(asNumber(header["spread"], 0));
  }

  private become(state: ConnectionState, reason: string): void {
    this.parts.connection.become(state, reason, this.parts.clock.now());
  }
}

function notHere(i: Json): Frame {
  return frame({ k: "err", i, e: { type: "NoSuchEndpoint", message: texts.notHere } });
}

function closingText(attempt: Attempt, code: number, reason: string): string {
  if (attempt.liveSince === null) return globalThis.navigator?.onLine === false ? texts.noNetwork : texts.unreachable;
  if (reason) return texts.closedBecause(reason);
  return code === 1000 || code === 1001 ? texts.closed : texts.unreachable;
}

function readPrincipal(value: Json | undefined): Principal {
  const fields = asObject(value) ?? {};
  const kind = fields["kind"];
  const roles = Array.isArray(fields["roles"]) ? fields["roles"] : [];
  return {
    kind: kind === "person" || kind === "service" ? kind : "nobody",
    name: asText(fields["name"]),
    title: asText(fields["title"]) || asText(fields["name"]),
    roles: roles.filter((role) => typeof role === "string"),
  };
}

function readServer(header: JsonObject): ServerInfo {
  return { service: asText(header["service"]), id: asText(header["id"]), name: asText(header["name"]), version: asText(header["version"]) };
}
