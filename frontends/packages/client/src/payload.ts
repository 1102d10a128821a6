/**
 * Bodies of `state` frames: JSON payloads of rows, compressed with zlib when that was worth it. Inflating takes a moment, so states
 * are read one at a time, in the order in which they came.
 */
import { PeekError } from "./errors.ts";
import { bodyJson, type Frame } from "./frames.ts";
import { asObject, type Json } from "./json.ts";
import { texts } from "./texts.ts";

/** The rows of a payload: `{"rows": [...]}`, of one type or of mixed types. Rejects with PeekError `TupleError`. */
export async function readRows(body: Uint8Array, compressed: boolean): Promise<Json[]> {
  let payload: Json;
  try {
    payload = bodyJson(compressed ? await inflate(body) : body);
  } catch {
    throw new PeekError("TupleError", texts.undecodable);
  }
  const rows = asObject(payload)?.["rows"];
  if (!Array.isArray(rows)) throw new PeekError("TupleError", texts.undecodable, "$.rows");
  return rows;
}

async function inflate(body: Uint8Array): Promise<Uint8Array> {
  // "deflate" is what the Compression Streams standard calls the zlib format.
  const inflated = new Blob([body as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}

export interface StateReaderEvents {
  /** Rows of a `state` frame. `unseen` states came before it that it replaced. */
  state(frame: Frame, rows: Json[], unseen: number): void;
  same(frame: Frame): void;
  failed(error: PeekError): void;
}

/** Takes `state` and `same` frames of one subscription; at most one state waits while another is read, the newest wins. */
export class StateReader {
  private waiting: Frame[] = [];
  private unseen = 0;
  private reading = false;
  /** Counts resets: what was being read when one came is dropped. */
  private life = 0;

  constructor(private readonly events: StateReaderEvents) {}

  take(frame: Frame): void {
    const states = this.waiting.filter(isState);
    if (isState(frame)) {
      this.unseen += states.length;
      this.waiting = [frame];
    } else {
      this.waiting = [...states, frame];
    }
    if (!this.reading) void this.readAll();
  }

  /** Drops what has not been read yet. */
  reset(): void {
    this.life += 1;
    this.waiting = [];
    this.unseen = 0;
  }

  private async readAll(): Promise<void> {
    this.reading = true;
    for (let frame = this.waiting.shift(); frame !== undefined; frame = this.waiting.shift()) {
      if (isState(frame)) await this.read(frame);
      else this.events.same(frame);
    }
    this.reading = false;
  }

  private async read(frame: Frame): Promise<void> {
    const { life, unseen } = this;
    this.unseen = 0;
    try {
      const rows = await readRows(frame.body, frame.header["z"] === 1);
      if (life === this.life) this.events.state(frame, rows, unseen);
    } catch (error) {
      if (!(error instanceof PeekError)) throw error;
      if (life === this.life) this.events.failed(error);
    }
  }
}

function isState(frame: Frame): boolean {
  return frame.header["k"] === "state";
}
