/**
 * Bodies of `state` and `delta` frames: JSON, compressed with zlib when that was worth it. Inflating takes a moment, so frames of one
 * subscription are read one after the other, in the order in which they came.
 */
import { applyDelta } from "./delta.ts";
import { PeekError } from "./errors.ts";
import { bodyJson, type Frame } from "./frames.ts";
import { asNumber, asObject, asText, type Json } from "./json.ts";
import { texts } from "./texts.ts";

/** Frames that may wait while one is read. A page that falls further behind asks for the state instead. */
export const MOST_WAITING = 64;

/** The rows of a payload: `{"rows": [...]}`, of one type or of mixed types. Rejects with PeekError `TupleError`. */
export async function readRows(body: Uint8Array, compressed: boolean): Promise<Json[]> {
  const rows = asObject(await readJson(body, compressed))?.["rows"];
  if (!Array.isArray(rows)) throw new PeekError("TupleError", texts.undecodable, "$.rows");
  return rows;
}

/** The rows that the deltas in a `delta` frame make of `rows`, one after the other. Rejects with PeekError `TupleError`. */
export async function readDeltas({ header, body }: Frame, rows: Json[]): Promise<Json[]> {
  const parts = Array.isArray(header["parts"]) ? header["parts"] : [];
  let after = rows;
  let at = 0;
  for (const part of parts) {
    const [size, compressed] = Array.isArray(part) ? part : [];
    const end = at + asNumber(size, 0);
    after = applyDelta(after, await readJson(body.subarray(at, end), compressed === 1));
    at = end;
  }
  if (parts.length === 0 || at !== body.length) throw new PeekError("TupleError", texts.undecodable, "$");
  return after;
}

async function readJson(body: Uint8Array, compressed: boolean): Promise<Json> {
  try {
    return bodyJson(compressed ? await inflate(body) : body);
  } catch {
    throw new PeekError("TupleError", texts.undecodable);
  }
}

async function inflate(body: Uint8Array): Promise<Uint8Array> {
  // "deflate" is what the Compression Streams standard calls the zlib format.
  const inflated = new Blob([body as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}

/** Rows, and the digest of the state that they are. */
export interface KnownRows {
  rows: Json[];
  digest: string;
}

export interface StateReaderEvents {
  /** What a delta may be applied to. */
  known(): KnownRows | null;
  /** The rows after a `state` or `delta` frame. `unseen` states before it were not shown. */
  state(frame: Frame, rows: Json[], unseen: number): void;
  same(frame: Frame): void;
  /** A state could not be read. */
  failed(error: PeekError): void;
  /** A delta does not belong to what is known, or too many wait: the state must be asked for. */
  unfit(): void;
}

/** Takes the `state`, `delta` and `same` frames of one subscription. What waits while another is read is shown at once, the newest only. */
export class StateReader {
  /** At most one `state`, deltas that lead on from it, and at most one `same`, in this order. */
  private waiting: Frame[] = [];
  private unseen = 0;
  private reading = false;
  /** Counts resets: what was being read when one came is dropped. */
  private life = 0;

  constructor(private readonly events: StateReaderEvents) {}

  take(frame: Frame): void {
    if (kind(frame) === "state") {
      for (const replaced of this.waiting) this.unseen += states(replaced);
      this.waiting = [frame];
    } else {
      const [last] = this.waiting.slice(-1);
      // A `same` says how fresh the rows are, and so does whatever comes after it.
      if (last && kind(last) === "same") this.unseen += states(this.waiting.pop());
      this.waiting.push(frame);
    }
    if (this.waiting.length > MOST_WAITING) this.events.unfit();
    else if (!this.reading) void this.readAll();
  }

  /** Drops what has not been read yet. */
  reset(): void {
    this.life += 1;
    this.waiting = [];
    this.unseen = 0;
  }

  private async readAll(): Promise<void> {
    this.reading = true;
    while (this.waiting.length > 0) {
      const frames = this.waiting;
      this.waiting = [];
      await this.read(frames);
    }
    this.reading = false;
  }

  private async read(frames: Frame[]): Promise<void> {
    const { life } = this;
    let { unseen } = this;
    this.unseen = 0;
    const news = frames.filter((frame) => kind(frame) !== "same");
    const newest = news.at(-1);
    if (newest !== undefined) {
      const rows = await this.rowsAfter(news, life);
      if (rows === null || life !== this.life) return;
      for (const frame of news) if (frame !== newest) unseen += states(frame);
      this.events.state(newest, rows, unseen);
    }
    for (const frame of frames) if (kind(frame) === "same" && life === this.life) this.events.same(frame);
  }

  /** The rows after all of `frames`; null when they could not be read, which has been told then. */
  private async rowsAfter(frames: Frame[], life: number): Promise<Json[] | null> {
    let known = this.events.known();
    for (const frame of frames) {
      try {
        if (kind(frame) === "state") {
          known = { rows: await readRows(frame.body, frame.header["z"] === 1), digest: asText(frame.header["dig"]) };
        } else if (known !== null && known.digest === frame.header["base"]) {
          known = { rows: await readDeltas(frame, known.rows), digest: asText(frame.header["dig"]) };
        } else {
          throw new PeekError("TupleError", texts.undecodable, "$.base");
        }
      } catch (error) {
        if (!(error instanceof PeekError)) throw error;
        if (life === this.life) kind(frame) === "state" ? this.events.failed(error) : this.events.unfit();
        return null;
      }
    }
    return known?.rows ?? null;
  }
}

function kind({ header }: Frame): string {
  return asText(header["k"]);
}

/** How many states a frame stands for that is not shown: itself, unless it brings none, and those that it replaced on its way. */
function states(frame: Frame | undefined): number {
  if (frame === undefined) return 0;
  return (kind(frame) === "same" ? 0 : 1) + asNumber(frame.header["skip"], 0);
}
