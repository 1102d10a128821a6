/** Roles as typed, separated by commas or blanks, each once. */
export function rolesFrom(text: unknown): string[] {
  return [...new Set(String(text ?? "").split(/[\s,;]+/).filter(Boolean))].sort();
}
