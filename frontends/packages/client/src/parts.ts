/**
 * Large frames travel in parts, so that nothing else has to wait until one of them has passed: cutting them, putting them together, and
 * what has to stay behind one. When a part leaves is up to outgoing.ts.
 */
import { packFrame, FrameError, FROM_SERVER, frame, unpackOne, type Frame, type FrameLimits } from "./frames.ts";
import type { JsonObject } from "./json.ts";

/** Bytes of a frame above which it travels in parts. */
export const LARGE = 256 * 1024;
/** Bytes of a frame in one part, at most. */
export const PART = 64 * 1024;
/** Large frames that may be under way at a time, in each direction. */
export const LANES = 4;

/** Kinds that never travel in parts. */
const WHOLE = new Set(["part", "ping", "pong"]);
const OF_THE_ASKING_SIDE = new Set(["call", "sub", "cancel", "unsub", "more"]);

/** What a frame keeps its order within: two frames of which this is equal arrive in the order in which they were sent. */
export function orderOf(header: JsonObject): string {
  const kind = String(header["k"]);
  if (kind === "act") return JSON.stringify(["act", header["dev"] ?? null, header["key"] ?? null]);
  if (kind === "msg") return kind;
  return `${OF_THE_ASKING_SIDE.has(kind) ? "asked" : "answered"} ${String(header["i"])}`;
}

/** The parts of a frame's bytes, in order, each packed. */
export function cut(packed: Uint8Array, lane: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < packed.length; start += PART) {
    const header: JsonObject = { k: "part", c: lane };
    if (start === 0) header["size"] = packed.length;
    if (start + PART >= packed.length) header["end"] = 1;
    parts.push(packFrame(frame(header, packed.subarray(start, start + PART))));
  }
  return parts;
}

/** The large frames that are arriving on one link. It holds what has arrived and not what was announced. */
export class Assembly {
  private readonly lanes = new Map<number, { size: number; received: number; pieces: Uint8Array[] }>();

  constructor(private readonly limits: FrameLimits = FROM_SERVER) {}

  /** Takes a part; the whole frame when it was the last. Throws FrameError. */
  take({ header, body }: Frame): Frame | null {
    const { c: lane, size } = header;
    if (typeof lane !== "number" || !Number.isInteger(lane) || lane < 1 || lane > LANES) throw new FrameError(1002, "a part without a lane");
    if (body.length < 1 || body.length > PART) throw new FrameError(1002, `a part of ${body.length} bytes`);
    let arriving = this.lanes.get(lane);
    if (arriving === undefined) {
      arriving = { size: this.announced(size), received: 0, pieces: [] };
      this.lanes.set(lane, arriving);
    } else if (size !== undefined) throw new FrameError(1002, `two frames on lane ${lane}`);
    arriving.pieces.push(body);
    arriving.received += body.length;
    if (arriving.received > arriving.size) throw new FrameError(1002, `a frame longer than the ${arriving.size} bytes it announced`);
    const ends = header["end"] !== undefined;
    if (ends !== (arriving.received === arriving.size)) throw new FrameError(1002, "a frame that does not end with its last byte");
    if (!ends) return null;
    this.lanes.delete(lane);
    const whole = unpackOne(arriving.pieces, this.limits);
    const kind = String(whole.header["k"]);
    if (WHOLE.has(kind)) throw new FrameError(1002, `a ${kind} in parts`);
    return whole;
  }

  private announced(size: unknown): number {
    if (typeof size !== "number" || !Number.isInteger(size) || size < 1) throw new FrameError(1002, "a frame that begins without its size");
    if (size > this.limits.frame) throw new FrameError(1009, `a frame of ${size} bytes; at most ${this.limits.frame}`);
    return size;
  }
}
