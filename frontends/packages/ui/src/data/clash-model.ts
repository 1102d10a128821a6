/**
 * What two people made of one row at the same time, field by field: who changed which, what is proposed, and what the reader's choices
 * come to. Plain functions, tested without a browser.
 */
import type { Json } from "@peek/client";
import type { FormField, Values } from "./form-model.ts";

export interface Clash {
  /** The row as it was when the editing began. */
  read: Values;
  mine: Values;
  /** The row as it is now; null when it was deleted. */
  theirs: Values | null;
  /** The version of theirs, to save over it. */
  version: string;
}

export type Side = "mine" | "theirs";
export type Choices = Record<string, Side>;

/** A field in which the two differ. */
export interface ClashField {
  key: string;
  label: string;
  mine: Json;
  theirs: Json;
  /** Who changed it. */
  by: Side | "both";
}

/** The fields in which the two differ, in the order of the form. */
export function clashFields({ read, mine, theirs }: Clash, fields: readonly FormField[]): ClashField[] {
  if (theirs === null) return [];
  const differing = fields.filter(({ key, fixed }) => !fixed && !same(mine[key], theirs[key]));
  return differing.map(({ key, label }) => {
    const by = same(theirs[key], read[key]) ? "mine" : same(mine[key], read[key]) ? "theirs" : "both";
    return { key, label, mine: mine[key] ?? null, theirs: theirs[key] ?? null, by };
  });
}

/** What is proposed: whoever alone changed a field has it. Fields that both changed are for the reader to decide. */
export function proposed(fields: readonly ClashField[]): Choices {
  return Object.fromEntries(fields.flatMap(({ key, by }) => (by === "both" ? [] : [[key, by]])));
}

/** The row that the choices make: theirs, with those of mine that were chosen. */
export function merged({ mine, theirs }: Clash, fields: readonly ClashField[], choices: Choices): Values {
  const chosen = fields.filter(({ key }) => choices[key] === "mine").map(({ key }) => [key, mine[key] ?? null]);
  return { ...theirs, ...Object.fromEntries(chosen) };
}

function same(one: Json | undefined, other: Json | undefined): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}
