/** What travels between a page and the server: JSON values. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** The same text for equal values, whatever the order of their keys; how equal selectors are recognised. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${members.join(",")}}`;
}

/** `value` when it is an object, else undefined. */
export function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

/** `value` when it is a string, else "". */
export function asText(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** `value` when it is a number, else `otherwise`. */
export function asNumber(value: Json | undefined, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
