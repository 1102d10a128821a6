/**
 * Which theme a person sees. "system" follows the device; a choice is kept on this device, because a control room's
 * wall and the same person's phone want different ones.
 */
import { tokens } from "./tokens.ts";

export type Theme = "system" | "light" | "dark";

const KEY = "peek.theme";

/** Puts the design tokens on a document and applies the kept theme. Calling it again changes nothing. */
export function adoptTheme(target: Document = document): void {
  const sheet = tokens.styleSheet;
  if (sheet && !target.adoptedStyleSheets.includes(sheet)) target.adoptedStyleSheets.push(sheet);
  showTheme(currentTheme(), target);
}

/** The kept choice; "system" when there is none or the browser keeps nothing. */
export function currentTheme(): Theme {
  const kept = readKept();
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** Shows a theme at once and keeps the choice on this device. */
export function chooseTheme(theme: Theme): void {
  showTheme(theme, document);
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // A browser that keeps nothing (private mode, policy) still shows the theme until the page is left.
  }
  document.dispatchEvent(new CustomEvent("peek-theme", { detail: theme }));
}

function showTheme(theme: Theme, target: Document): void {
  if (theme === "system") delete target.documentElement.dataset["theme"];
  else target.documentElement.dataset["theme"] = theme;
}

function readKept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
