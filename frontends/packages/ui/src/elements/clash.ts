/**
 * `<peek-clash .clash=${…} .fields=${…}>`: your values beside those that somebody else saved in the meantime, where they differ. The reader chooses:
 * `keep-mine` or `take-theirs`.
 */
import { LitElement, css, html, type TemplateResult } from "lit";
import type { Json } from "@peek/client";
import type { FormField, Values } from "../data/form-model.ts";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";

export interface Clash {
  mine: Values;
  /** null when it was deleted. */
  theirs: Values | null;
  /** The version of theirs, to save mine over it. */
  version: string;
}

export class PeekClash extends LitElement {
  static override properties = { clash: { attribute: false }, fields: { attribute: false } };
  static override styles = [
    typography,
    controls,
    css`
      table {
        width: 100%;
        border-collapse: collapse;
      }
      th,
      td {
        padding: var(--peek-space-2);
        border-bottom: 1px solid var(--peek-line);
        text-align: start;
        overflow-wrap: anywhere;
      }
      thead th {
        color: var(--peek-text-weak);
        font-size: var(--peek-size-small);
      }
      td {
        color: var(--peek-text-strong);
      }
    `,
  ];

  declare clash: Clash;
  declare fields: readonly FormField[];

  override render() {
    const { mine, theirs } = this.clash;
    if (!theirs) {
      return html`<div class="stack"><p>${texts.gone}</p><div class="actions"><button @click=${() => this.choose("take-theirs")}>${texts.close}</button></div></div>`;
    }
    const differing = this.fields.filter((field) => JSON.stringify(mine[field.key]) !== JSON.stringify(theirs[field.key]));
    return html`<div class="stack">
      <p>${texts.conflictText}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">${texts.conflictField}</th>
            <th scope="col">${texts.conflictYours}</th>
            <th scope="col">${texts.conflictTheirs}</th>
          </tr>
        </thead>
        <tbody>
          ${differing.map((field) => this.line(field.label, mine[field.key], theirs[field.key]))}
        </tbody>
      </table>
      <div class="actions">
        <button @click=${() => this.choose("take-theirs")}>${texts.takeTheirs}</button>
        <button class="primary" @click=${() => this.choose("keep-mine")}>${texts.keepMine}</button>
      </div>
    </div>`;
  }

  private line(label: string, mine: Json | undefined, theirs: Json | undefined): TemplateResult {
    return html`<tr>
      <th scope="row">${label}</th>
      <td>${shown(mine)}</td>
      <td>${shown(theirs)}</td>
    </tr>`;
  }

  private choose(choice: "keep-mine" | "take-theirs"): void {
    this.dispatchEvent(new CustomEvent(choice));
  }
}

function shown(value: Json | undefined): string {
  if (value === null || value === undefined || value === "") return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
