/**
 * The logic of a form: what its inputs hold, what they mean, and what is wrong with them. Plain functions, tested without a browser.
 */
import type { Json } from "@peek/client";
import { number } from "../format.ts";
import { texts } from "../texts.ts";

export interface FormField {
  key: string;
  label: string;
  help?: string;
  /** `int` is a whole number, `bigint` one of any size kept as text, `lines` a long text; `text` unless given. */
  kind?: "text" | "lines" | "int" | "float" | "bigint" | "bool" | "choice" | "password";
  /** For `choice`: value and what is shown. */
  options?: readonly { value: string; label: string }[];
  /** May be left empty; it is then null. */
  optional?: boolean;
  minimum?: number | null;
  maximum?: number | null;
  /** Shown, never changed, and left out for a new row: keys made by the database. */
  fixed?: boolean;
}

export type Inputs = Record<string, string | boolean>;
export type Values = Record<string, Json>;

/** What the inputs of a form show for a row. */
export function toInputs(fields: readonly FormField[], values: Values): Inputs {
  return Object.fromEntries(fields.map((field) => [field.key, toInput(field, values[field.key] ?? null)]));
}

function toInput(field: FormField, value: Json): string | boolean {
  if (field.kind === "bool") return value === true;
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The row that the inputs describe, and a sentence for each field that is wrong. Fields that are fixed keep what `values` has. */
export function readInputs(fields: readonly FormField[], inputs: Inputs, values: Values): { values: Values; errors: Record<string, string> } {
  const read: Values = { ...values };
  const errors: Record<string, string> = {};
  for (const field of fields) {
    if (field.fixed) continue;
    const answer = readInput(field, inputs[field.key] ?? "");
    if ("error" in answer) errors[field.key] = answer.error;
    else read[field.key] = answer.value;
  }
  return { values: read, errors };
}

function readInput(field: FormField, input: string | boolean): { value: Json } | { error: string } {
  if (typeof input === "boolean") return { value: input };
  // What is typed into these is taken as it is; elsewhere blanks at the ends are slips.
  const text = field.kind === "lines" || field.kind === "password" ? input : input.trim();
  if (text === "") return field.optional ? { value: null } : { error: texts.required };
  if (field.kind === "bigint") return /^[+-]?\d+$/.test(text) ? { value: text } : { error: texts.notWhole };
  if (field.kind !== "int" && field.kind !== "float") return { value: text };
  return readNumber(field, text);
}

function readNumber(field: FormField, text: string): { value: number } | { error: string } {
  const value = Number(text.replace(",", "."));
  if (!Number.isFinite(value)) return { error: texts.notNumber };
  if (field.kind === "int" && !Number.isSafeInteger(value)) return { error: texts.notWhole };
  if (typeof field.minimum === "number" && value < field.minimum) return { error: texts.tooSmall(number(field.minimum, 6)) };
  if (typeof field.maximum === "number" && value > field.maximum) return { error: texts.tooLarge(number(field.maximum, 6)) };
  return { value };
}

/** Whether what the inputs hold differs from the row they were filled from. */
export function isDirty(inputs: Inputs, clean: Inputs): boolean {
  return Object.keys(clean).some((key) => inputs[key] !== clean[key]);
}
