/** Jumps to a page by its name: type, choose with the arrow keys, Enter. `/` comes here from anywhere. */
import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { controls, typography } from "@peek/ui";
import type { Place } from "./places.ts";
import { texts } from "./texts.ts";

const MOST = 8;

export class AdminSearch extends LitElement {
  static override properties = { targets: { attribute: false }, words: { state: true }, chosen: { state: true }, open: { state: true } };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        position: relative;
        display: block;
      }
      .glass {
        position: absolute;
        inset: 0 auto 0 8px;
        width: 18px;
        height: 18px;
        margin: auto 0;
        color: var(--peek-text-weak);
        pointer-events: none;
      }
      input:not([type="checkbox"]) {
        padding-inline: 32px 28px;
        text-overflow: ellipsis;
      }
      kbd {
        position: absolute;
        inset: 0 8px 0 auto;
        width: 18px;
        height: 18px;
        margin: auto 0;
        border: 1px solid var(--peek-line);
        border-radius: 4px;
        color: var(--peek-text-weak);
        font: 600 12px / 16px var(--peek-font);
        text-align: center;
        pointer-events: none;
      }
      ul {
        position: absolute;
        inset: calc(100% + 4px) 0 auto auto;
        z-index: 30;
        width: max(100%, 240px);
        padding: var(--peek-space-1);
        border: 1px solid var(--peek-line);
        border-radius: var(--peek-radius);
        background: var(--peek-surface-1);
        box-shadow: var(--peek-shadow);
        list-style: none;
      }
      li {
        display: flex;
        align-items: center;
        gap: var(--peek-space-2);
        min-height: 36px;
        padding: 0 var(--peek-space-2);
        border-radius: 4px;
        cursor: pointer;
      }
      li[aria-selected="true"] {
        background: var(--peek-accent-soft);
        color: var(--peek-text-strong);
      }
      li.none {
        color: var(--peek-text-weak);
        cursor: default;
      }
    `,
  ];

  declare targets: readonly Place[];
  private declare words: string;
  private declare chosen: number;
  private declare open: boolean;

  constructor() {
    super();
    this.targets = [];
    this.words = "";
    this.chosen = 0;
    this.open = false;
  }

  override render() {
    const found = this.found();
    return html`
      <peek-icon class="glass" name="search"></peek-icon>
      <input
        data-search
        role="combobox"
        aria-label=${texts.search}
        aria-expanded=${String(this.open)}
        aria-controls="found"
        aria-autocomplete="list"
        aria-activedescendant=${this.open && found[this.chosen] ? `place-${this.chosen}` : nothing}
        autocomplete="off"
        spellcheck="false"
        placeholder=${texts.search}
        .value=${this.words}
        @input=${this.onInput}
        @focus=${() => (this.open = true)}
        @blur=${() => (this.open = false)}
        @keydown=${this.onKey}
      />
      <kbd aria-hidden="true">/</kbd>
      <ul id="found" role="listbox" aria-label=${texts.search} ?hidden=${!this.open}>
        ${found.length > 0 ? found.map((place, index) => this.option(place, index)) : html`<li class="none" role="option" aria-disabled="true">${texts.searchNone}</li>`}
      </ul>
    `;
  }

  private option(place: Place, index: number): TemplateResult {
    const file = place.icon.includes("/");
    // Pressing, not clicking: a click comes after the blur that closes the list.
    return html`<li
      id=${`place-${index}`}
      role="option"
      aria-selected=${String(index === this.chosen)}
      @pointerdown=${(event: Event) => this.goTo(place, event)}
      @pointerenter=${() => (this.chosen = index)}
    >
      <peek-icon name=${file ? "plugin" : place.icon} src=${file ? place.icon : ""}></peek-icon>${place.title}
    </li>`;
  }

  private found(): readonly Place[] {
    const words = this.words.toLowerCase().split(/\s+/).filter(Boolean);
    return this.targets.filter((place) => words.every((word) => place.title.toLowerCase().includes(word))).slice(0, MOST);
  }

  private onInput(event: Event): void {
    this.words = (event.target as HTMLInputElement).value;
    this.chosen = 0;
    this.open = true;
  }

  private onKey(event: KeyboardEvent): void {
    const found = this.found();
    const place = found[this.chosen];
    if (event.key === "ArrowDown") this.chosen = Math.min(this.chosen + 1, found.length - 1);
    else if (event.key === "ArrowUp") this.chosen = Math.max(this.chosen - 1, 0);
    else if (event.key === "Enter" && place) return this.goTo(place, event);
    else if (event.key === "Escape") return this.clear();
    else return;
    event.preventDefault();
  }

  private goTo(place: Place, event: Event): void {
    event.preventDefault();
    this.clear();
    this.dispatchEvent(new CustomEvent("peek-go", { detail: place.path, bubbles: true, composed: true }));
  }

  private clear(): void {
    this.words = "";
    this.chosen = 0;
    this.open = false;
    this.renderRoot.querySelector("input")?.blur();
  }
}
