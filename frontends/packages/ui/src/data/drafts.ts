/**
 * What somebody has typed and not saved, kept for this tab so that a reload does not lose it. Passwords are never given to it.
 */
import type { Inputs } from "./form-model.ts";

const PREFIX = "peek.draft.";

export function readDraft(key: string): Inputs | null {
  if (!key) return null;
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(PREFIX + key) ?? "null");
    return isInputs(kept) ? kept : null;
  } catch {
    return null; // No storage, or not what we wrote: there is no draft.
  }
}

/** Keeps a draft; null forgets it. */
export function keepDraft(key: string, inputs: Inputs | null): void {
  if (!key) return;
  try {
    if (inputs) sessionStorage.setItem(PREFIX + key, JSON.stringify(inputs));
    else sessionStorage.removeItem(PREFIX + key);
  } catch {
    // Without storage a draft lives as long as its form.
  }
}

function isInputs(value: unknown): value is Inputs {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((entry) => typeof entry === "string" || typeof entry === "boolean");
}
