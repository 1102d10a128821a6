/** Calls of methods on the server (`plugin.function`), each with a deadline that travels with it. */
import type { Clock } from "./clock.ts";
import { errorFromWire, PeekError } from "./errors.ts";
import { bodyJson, jsonBody, type Frame } from "./frames.ts";
import type { Json } from "./json.ts";
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

export class Calls {
  constructor(
    private readonly link: Link,
    private readonly clock: Clock,
  ) {}

  /** Resolves with the result; rejects with PeekError. Nothing is retried: a call that was lost may have been done. */
  call<R>(method: string, args: object, { timeout = DEFAULT_TIMEOUT, signal }: CallOptions = {}): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const finish = (cancel: boolean): void => {
        disarm();
        signal?.removeEventListener("abort", aborted);
        this.link.finish(i, cancel ? "cancel" : undefined);
      };
      const aborted = (): void => {
        finish(true);
        reject(signal?.reason);
      };
      const answered = (frame: Frame): void => {
        const kind = frame.header["k"];
        finish(kind === "item");
        try {
          resolve(readResult<R>(method, frame));
        } catch (error) {
          reject(error);
        }
      };
      const lost = (error: PeekError): void => {
        finish(false);
        reject(error);
      };
      let disarm: () => void = () => {};
      const i = this.link.open({ k: "call", m: method, d: timeout }, jsonBody(args as Json), { answered, lost });
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
  try {
    return bodyJson(body) as R;
  } catch {
    throw new PeekError("TupleError", texts.badFrame(`the result of ${method} is not JSON`));
  }
}
