/**
 * Deltas: which rows of a state are gone and which came, by their places (docs/protocol.md, "Observables"). Rows that stayed are the same
 * objects afterwards, so that a page which draws by object draws again only what changed.
 */
import { PeekError } from "./errors.ts";
import { asObject, type Json } from "./json.ts";
import { texts } from "./texts.ts";

/** The rows that `delta` makes of `rows`, which are left as they are. Throws PeekError `TupleError` when the two do not belong together. */
export function applyDelta(rows: readonly Json[], delta: Json): Json[] {
  const { gone, rows: came } = asObject(delta) ?? {};
  if (!Array.isArray(gone) || !Array.isArray(came)) throw unfit("$");
  const stay = staying(rows, gone);
  const length = stay.length + came.length;
  const after: Json[] = [];
  let taken = 0;
  for (const [index, placed] of came.entries()) {
    const [place, row] = Array.isArray(placed) ? placed : [];
    const between = Number(place) - after.length;
    if (!Number.isInteger(place) || row === undefined || between < 0 || Number(place) >= length || taken + between > stay.length) {
      throw unfit(`$.rows[${index}]`);
    }
    for (const end = taken + between; taken < end; taken += 1) after.push(stay[taken] as Json);
    after.push(row);
  }
  for (; taken < stay.length; taken += 1) after.push(stay[taken] as Json);
  return after;
}

function staying(rows: readonly Json[], gone: readonly Json[]): Json[] {
  const stay: Json[] = [];
  let start = 0;
  for (const [index, place] of gone.entries()) {
    if (!Number.isInteger(place) || Number(place) < start || Number(place) >= rows.length) throw unfit(`$.gone[${index}]`);
    for (; start < Number(place); start += 1) stay.push(rows[start] as Json);
    start += 1;
  }
  for (; start < rows.length; start += 1) stay.push(rows[start] as Json);
  return stay;
}

function unfit(path: string): PeekError {
  return new PeekError("TupleError", texts.undecodable, path);
}
