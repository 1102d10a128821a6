/**
 * The one error of the client. `type` is the name of an error kind of the platform ("NotAllowed", "Conflict", ...), the same on both
 * ends; `message` is a sentence for people, ready to be shown.
 */
import { asObject, asText, type Json, type JsonObject } from "./json.ts";
import { texts } from "./texts.ts";

export class PeekError extends Error {
  override readonly name = "PeekError";

  /**
   * @param path where in the data the fault is (`$.rows[3].name`), when the other side could tell.
   * @param details what else it told: of a `Conflict` the `row` as it is now, its `version`, the `fields` that differ, or that it is `gone`.
   */
  constructor(
    readonly type: string,
    message: string,
    readonly path: string = "",
    readonly details: JsonObject = {},
  ) {
    super(message);
  }
}

/** The error that an `err` frame or an HTTP answer carries: {type, message, path?}. */
export function errorFromWire(data: Json | undefined): PeekError {
  const fields = asObject(data);
  if (fields === undefined) return new PeekError("RemoteError", texts.noReason);
  const { type, message, path, ...details } = fields;
  return new PeekError(asText(type) || "RemoteError", asText(message) || texts.noReason, asText(path), details);
}
