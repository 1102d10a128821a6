/**
 * Frames, the units of the wire protocol (docs/protocol.md): a message is a sequence of frames, a frame is a JSON header and
 * a body of bytes. Nothing here knows about sockets.
 */
import { asObject, type Json, type JsonObject } from "./json.ts";

/** `k` names the kind; `i` numbers the exchange. */
export interface Frame {
  header: JsonObject;
  body: Uint8Array;
}

export interface FrameLimits {
  /** Bytes of a whole message. */
  message: number;
  /** Bytes of one frame, which may come in several messages. */
  frame: number;
  /** Bytes of one header. */
  header: number;
  /** Nesting of a header's JSON. */
  depth: number;
}

/** What a server may send to a page. */
export const FROM_SERVER: FrameLimits = { message: 1024 * 1024, frame: 16 * 1024 * 1024, header: 64 * 1024, depth: 64 };
/** What a page may send to a server. */
export const TO_SERVER: FrameLimits = { message: 1024 * 1024, frame: 1024 * 1024, header: 64 * 1024, depth: 64 };

const PREFIX = 8;
const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes that are not frames of this protocol. `code` is the websocket close code that fits. */
export class FrameError extends Error {
  override readonly name = "FrameError";
  constructor(
    readonly code: 1002 | 1003 | 1009,
    message: string,
  ) {
    super(message);
  }
}

export function frame(header: JsonObject, body: Uint8Array = EMPTY): Frame {
  return { header, body };
}

/** A body that carries one JSON value. */
export function jsonBody(value: Json): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** The JSON value of a body; null for an empty one. Throws SyntaxError or TypeError when it is none. */
export function bodyJson(body: Uint8Array): Json {
  return body.length === 0 ? null : (JSON.parse(decoder.decode(body)) as Json);
}

/** One frame as bytes. */
export function packFrame({ header, body }: Frame): Uint8Array {
  const head = encoder.encode(JSON.stringify(header));
  const packed = new Uint8Array(PREFIX + head.length + body.length);
  const view = new DataView(packed.buffer);
  view.setUint32(0, head.length);
  view.setUint32(4, body.length);
  packed.set(head, PREFIX);
  packed.set(body, PREFIX + head.length);
  return packed;
}

/** Frames as one message. */
export function pack(frames: readonly Frame[]): Uint8Array {
  return concatenate(frames.map(packFrame));
}

/** Byte arrays one after the other. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The frames of a message; bodies are views into it, not copies. Throws FrameError. */
export function unpack(message: Uint8Array, limits: FrameLimits = FROM_SERVER): Frame[] {
  if (message.length > limits.message) {
    throw new FrameError(1009, `a message of ${message.length} bytes; at most ${limits.message}`);
  }
  if (message.length === 0) throw new FrameError(1002, "an empty message");
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const frames: Frame[] = [];
  let at = 0;
  while (at < message.length) {
    if (message.length - at < PREFIX) throw new FrameError(1002, `a frame cut off at byte ${at}`);
    const headerLength = view.getUint32(at);
    const bodyLength = view.getUint32(at + 4);
    if (headerLength > limits.header) throw new FrameError(1009, `a header of ${headerLength} bytes; at most ${limits.header}`);
    const bodyAt = at + PREFIX + headerLength;
    const end = bodyAt + bodyLength;
    if (end > message.length) throw new FrameError(1002, `the frame at byte ${at} is longer than its message`);
    frames.push({ header: readHeader(message.subarray(at + PREFIX, bodyAt), limits.depth), body: message.subarray(bodyAt, end) });
    at = end;
  }
  return frames;
}

/** The one frame that `pieces` make together: what has travelled in parts. Throws FrameError. */
export function unpackOne(pieces: readonly Uint8Array[], limits: FrameLimits = FROM_SERVER): Frame {
  const [whole, ...more] = unpack(concatenate(pieces), { ...limits, message: limits.frame });
  if (whole === undefined || more.length > 0) throw new FrameError(1002, "more than one frame in the parts of one");
  return whole;
}

function readHeader(bytes: Uint8Array, depth: number): JsonObject {
  if (depthOf(bytes) > depth) throw new FrameError(1009, `a header nested deeper than ${depth}`);
  let header: JsonObject | undefined;
  try {
    header = asObject(JSON.parse(decoder.decode(bytes)) as Json);
  } catch (error) {
    throw new FrameError(1002, `a header that is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (typeof header?.["k"] !== "string") throw new FrameError(1002, "a header that is not an object with a kind");
  return header;
}

function depthOf(bytes: Uint8Array): number {
  const [quote, backslash] = [0x22, 0x5c];
  let deepest = 0;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (quoted) {
      if (byte === backslash) at += 1;
      else if (byte === quote) quoted = false;
    } else if (byte === quote) quoted = true;
    else if (byte === 0x7b || byte === 0x5b) deepest = Math.max(deepest, (depth += 1));
    else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return deepest;
}
