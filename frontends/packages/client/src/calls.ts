/** Calls of methods on the server (`plugin.function`), each with a deadline that travels with it. */
import type { Clock } from "./clock.ts";
import { errorFromWire, PeekError } from "./errors.ts";
import { bodyJson, jsonBody, type Frame } from "./frames.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Link } from "./link.ts";
import { texts } from "./texts.ts";

export interface CallOptions {
  /** Seconds until the call fails with `DeadlineExceeded` and is cancelled on the other side. Default 30. */
  timeout?: number;
  /** Aborting it cancels the call on the other side too; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

const DEFAULT_TIMEOUT = 30;
/** The callee's own DeadlineExceeded says more than ours; it gets this much longer to arrive. */
const GRACE_MS = 500;
/** Items of a stream that there is room for, and how many are asked for at a time. */
const ROOM = 16;
const MORE = 8;

export class Calls {
  constructor(
    private readonly link: Link,
    private readonly clock: Clock,
  ) {}

  /** Resolves with the result; rejects with PeekError. Nothing is retried: a call that was lost may have been done. */
  async call<R>(method: string, args: object, options: CallOptions = {}): Promise<R> {
    return (await this.exchange<R>(method, args, options, null)) as R;
  }

  /** Calls a method that streams, and hands each item to `take` as it comes. Resolves after the last one; rejects like `call`. */
  async each<T>(method: string, args: object, take: (item: T) => void, options: CallOptions = {}): Promise<void> {
    await this.exchange<T>(method, args, options, take);
  }

  private exchange<R>(method: string, args: object, { timeout = DEFAULT_TIMEOUT, signal }: CallOptions, take: ((item: R) => void) | null): Promise<R | null> {
    return new Promise<R | null>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      let taken = 0;
      const finish = (cancel: boolean): void => {
        disarm();
        signal?.removeEventListener("abort", aborted);
        this.link.finish(i, cancel ? "cancel" : undefined);
      };
      const aborted = (): void => {
        finish(true);
        reject(signal?.reason);
      };
      const item = (frame: Frame): void => {
        taken += 1;
        take?.(readBody<R>(method, frame));
        if (taken % MORE === 0) this.link.say(i, { k: "more", n: MORE });
      };
      const answered = (frame: Frame): void => {
        const streams = frame.header["k"] === "item";
        try {
          if (streams && take) return item(frame);
          finish(streams);
          resolve(take && frame.header["k"] === "res" ? null : readResult<R>(method, frame));
        } catch (error) {
          if (streams && take) finish(true);
          reject(error);
        }
      };
      const lost = (error: PeekError): void => {
        finish(false);
        reject(error);
      };
      let disarm: () => void = () => {};
      const room: JsonObject = take ? { w: ROOM } : {};
      const i = this.link.open({ k: "call", m: method, d: timeout, ...room }, jsonBody(args as Json), { answered, lost });
      disarm = this.clock.after(timeout * 1000 + GRACE_MS, () => {
        finish(true);
        reject(new PeekError("DeadlineExceeded", texts.timedOut(timeout)));
      });
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }
}

function readResult<R>(method: string, { header, body }: Frame): R {
  if (header["k"] === "err") throw errorFromWire(header["e"]);
  if (header["k"] !== "res") throw new PeekError("BadRequest", texts.streams(method));
  return readBody<R>(method, { header, body });
}

function readBody<R>(method: string, { body }: Frame): R {
  try {
    return bodyJson(body) as R;
  } catch {
    throw new PeekError("TupleError", texts.badFrame(`the result of ${method} is not JSON`));
  }
}
