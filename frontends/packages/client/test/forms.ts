/** Values of the forms in tuples.json, out of the text that travels and back into it. For tests; a page knows its own fields. */
import { base64, bigIntOf, bigIntText, bytesOf, dayOf, instantAt, isoDate, microsecondsOf } from "../src/values.ts";

/** A name, `[form]` for all items of an array, or the forms of some members of an object, "*" of all others. */
export type Form = string | Form[] | { [member: string]: Form };

interface Way {
  read(text: string): unknown;
  write(value: never): string;
  /** What is to be seen in the value, as JSON. */
  see(value: never): unknown;
}

const WAYS: Record<string, Way> = {
  instant: { read: microsecondsOf, write: instantAt, see: (value: bigint) => String(value) },
  day: { read: dayOf, write: isoDate, see: (value: Date) => [value.getFullYear(), value.getMonth() + 1, value.getDate()] },
  bigint: { read: bigIntOf, write: bigIntText, see: (value: bigint) => String(value) },
  bytes: { read: bytesOf, write: base64, see: (value: Uint8Array) => Array.from(value) },
};

export const read = (form: Form, value: unknown): unknown => walk(form, value, (way, leaf) => way.read(leaf as string));
export const write = (form: Form, value: unknown): unknown => walk(form, value, (way, leaf) => way.write(leaf as never));
export const see = (form: Form, value: unknown): unknown => walk(form, value, (way, leaf) => way.see(leaf as never));

function walk(form: Form, value: unknown, step: (way: Way, leaf: unknown) => unknown): unknown {
  if (value === null) return null;
  if (typeof form === "string") {
    const way = WAYS[form];
    return way === undefined ? value : step(way, value);
  }
  if (Array.isArray(form)) return (value as unknown[]).map((item) => walk(form[0] ?? "json", item, step));
  const formOf = (name: string): Form => (Object.hasOwn(form, name) ? form[name] : form["*"]) ?? "json";
  return Object.fromEntries(Object.entries(value as object).map(([name, item]) => [name, walk(formOf(name), item, step)]));
}
