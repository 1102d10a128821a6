/**
 * `<peek-clash .clash=${…} .fields=${…}>`: what the reader and somebody else made of one row, field by field where they differ. Each field
 * is taken from one of them; where only one changed it, that is chosen already. `clash-save` brings the row, `take-theirs` gives up.
 */
import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { Json } from "@peek/client";
import { clashFields, merged, proposed, type Choices, type Clash, type ClashField, type Side } from "../data/clash-model.ts";
import type { FormField } from "../data/form-model.ts";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";
import { clashStyle } from "./clash-style.ts";

export class PeekClash extends LitElement {
  static override properties = { clash: { attribute: false }, fields: { attribute: false }, choices: { state: true } };
  static override styles = [typography, controls, clashStyle];

  declare clash: Clash;
  declare fields: readonly FormField[];
  private declare choices: Choices;

  constructor() {
    super();
    this.fields = [];
    this.choices = {};
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("clash")) this.choices = proposed(this.differing);
  }

  protected override firstUpdated(): void {
    // The first that is to be decided; else the first there is.
    const open = this.differing.find(({ by }) => by === "both")?.key;
    const choices = [...this.renderRoot.querySelectorAll<HTMLInputElement>("input")];
    (choices.find(({ name }) => name === open) ?? choices[0])?.focus();
  }

  private get differing(): ClashField[] {
    return clashFields(this.clash, this.fields);
  }

  override render() {
    if (!this.clash.theirs) return this.gone(texts.gone);
    const { differing } = this;
    if (differing.length === 0) return this.gone(texts.sameChange);
    const open = differing.filter(({ key }) => this.choices[key] === undefined).length;
    return html`<form class="stack" @submit=${this.onSubmit}>
      <p>${texts.conflictText}</p>
      ${differing.map((field) => this.field(field))}
      <div class="actions">
        <span class="weak push" role="status">${open > 0 ? texts.conflictOpen(open) : nothing}</span>
        <button type="button" @click=${this.takeTheirs}>${texts.takeTheirs}</button>
        <button class="primary" ?disabled=${open > 0}>${texts.save}</button>
      </div>
    </form>`;
  }

  private gone(text: string): TemplateResult {
    return html`<div class="stack">
      <p>${text}</p>
      <div class="actions"><button @click=${this.takeTheirs}>${texts.close}</button></div>
    </div>`;
  }

  private field(field: ClashField): TemplateResult {
    return html`<fieldset>
      <legend>${field.label} <span class="weak small">${texts.conflictBy[field.by]}</span></legend>
      <div class="sides">${this.side(field, "mine", field.mine)} ${this.side(field, "theirs", field.theirs)}</div>
    </fieldset>`;
  }

  private side({ key }: ClashField, side: Side, value: Json): TemplateResult {
    return html`<label class="side">
      <input type="radio" name=${key} .checked=${this.choices[key] === side} @change=${() => (this.choices = { ...this.choices, [key]: side })} />
      <span><span class="whose">${side === "mine" ? texts.conflictYours : texts.conflictTheirs}</span> <span class="value">${shown(value)}</span></span>
    </label>`;
  }

  private takeTheirs(): void {
    this.dispatchEvent(new CustomEvent("take-theirs"));
  }

  private onSubmit(event: Event): void {
    event.preventDefault();
    this.dispatchEvent(new CustomEvent("clash-save", { detail: merged(this.clash, this.differing, this.choices) }));
  }
}

function shown(value: Json): string {
  if (value === null || value === "") return texts.none;
  if (typeof value === "boolean") return value ? texts.yes : texts.no;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
