/** The keyboard shortcuts of every page: `/` searches, `?` lists them. Keys typed into a field are left alone. */
import { LitElement, css, html } from "lit";
import { typography } from "@peek/ui";
import { texts } from "./texts.ts";

const keys: readonly (readonly [string, string])[] = [
  ["/", texts.keySearch],
  ["?", texts.keyHelp],
  ["Esc", texts.keyClose],
  ["↑ ↓", texts.keyMove],
  ["Enter", texts.keyOpen],
];

export class PeekShortcuts extends LitElement {
  static override properties = { open: { type: Boolean } };
  static override styles = [
    typography,
    css`
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: var(--peek-space-3) var(--peek-space-6);
        align-items: center;
      }
      kbd {
        display: inline-block;
        min-width: 32px;
        padding: 2px 8px;
        border: 1px solid var(--peek-line-strong);
        border-radius: 4px;
        color: var(--peek-text-strong);
        font: 600 var(--peek-size-small) / 20px var(--peek-font);
        text-align: center;
      }
    `,
  ];

  declare open: boolean;

  constructor() {
    super();
    this.open = false;
  }

  override render() {
    return html`<peek-dialog heading=${texts.shortcuts} ?open=${this.open} @dialog-close=${() => this.dispatchEvent(new CustomEvent("dialog-close"))}>
      <dl>${keys.map(([key, meaning]) => html`<dt><kbd>${key}</kbd></dt><dd>${meaning}</dd>`)}</dl>
    </peek-dialog>`;
  }
}

/** Calls `help` on `?` and puts the cursor into the first search box on `/`. Returns how to end that. */
export function attachShortcuts(root: HTMLElement, help: () => void): () => void {
  const ended = new AbortController();
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
      if (event.key === "?") help();
      else if (event.key === "/") search(root)?.focus();
      else return;
      event.preventDefault();
    },
    { signal: ended.signal },
  );
  return () => ended.abort();
}

function typing(event: KeyboardEvent): boolean {
  const at = event.composedPath()[0];
  return at instanceof HTMLElement && (at.isContentEditable || at.matches("input, textarea, select"));
}

/** The last search box in the document's order: a page's own goes before the one of the frame. */
function search(root: Element | ShadowRoot): HTMLElement | null {
  let found: HTMLElement | null = null;
  for (const element of root.querySelectorAll<HTMLElement>("*")) {
    if (element.matches("[data-search]") && element.offsetParent !== null) found = element;
    if (element.shadowRoot) found = search(element.shadowRoot) ?? found;
  }
  if (!found && root instanceof Element && root.shadowRoot) return search(root.shadowRoot);
  return found;
}
