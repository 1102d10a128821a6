/**
 * `<peek-form .fields=${…} .values=${row} .save=${async (values) => …}>`: a form from a list of fields. Checks at the field, one primary
 * button, unsaved input kept across a reload under `draft`, and the refusal of `save` shown above the button.
 */
import { LitElement, css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { keepDraft, readDraft } from "../data/drafts.ts";
import { isDirty, readInputs, toInputs, type FormField, type Inputs, type Values } from "../data/form-model.ts";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";

export class PeekForm extends LitElement {
  static override properties = {
    fields: { attribute: false },
    values: { attribute: false },
    save: { attribute: false },
    draft: {},
    action: {},
    creating: { type: Boolean },
    cancellable: { type: Boolean },
    always: { type: Boolean },
    inputs: { state: true },
    errors: { state: true },
    refusal: { state: true },
    busy: { state: true },
  };
  static override styles = [
    typography,
    controls,
    css`
      form {
        display: grid;
        gap: var(--peek-space-4);
      }
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: flex-end;
        gap: var(--peek-space-2);
      }
      .foot peek-state {
        margin-inline-end: auto;
      }
      label.check {
        align-items: flex-start;
      }
      .check input {
        margin-top: 1px;
      }
      .check .help {
        display: block;
        color: var(--peek-text-weak);
        font-size: var(--peek-size-small);
      }
    `,
  ];

  declare fields: readonly FormField[];
  /** The row to edit. New values are taken over while nothing is typed. */
  declare values: Values;
  /** Called with the row as typed; what it throws is shown with its message. */
  declare save: (values: Values) => Promise<unknown>;
  /** The name under which unsaved input is kept; none for forms with secrets. */
  declare draft: string;
  /** The verb on the button. */
  declare action: string;
  /** A new row: fixed fields are left out. */
  declare creating: boolean;
  /** Offers Cancel (`form-cancel`). */
  declare cancellable: boolean;
  /** The button works without a change too. */
  declare always: boolean;
  private declare inputs: Inputs | null;
  private declare errors: Record<string, string>;
  private declare refusal: string;
  private declare busy: boolean;

  constructor() {
    super();
    this.fields = [];
    this.values = {};
    this.save = async () => undefined;
    this.draft = "";
    this.action = texts.save;
    this.creating = false;
    this.cancellable = false;
    this.always = false;
    this.inputs = null;
    this.errors = {};
    this.refusal = "";
    this.busy = false;
  }

  /** Forgets what was typed. */
  reset(): void {
    keepDraft(this.draft, null);
    this.inputs = null;
    this.errors = {};
    this.refusal = "";
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("draft")) this.inputs = readDraft(this.draft);
  }

  private get shown(): readonly FormField[] {
    return this.creating ? this.fields.filter((field) => !field.fixed) : this.fields;
  }

  private get clean(): Inputs {
    return toInputs(this.shown, this.values);
  }

  override render() {
    const inputs = { ...this.clean, ...this.inputs };
    const dirty = isDirty(inputs, this.clean);
    return html`<form novalidate @submit=${this.onSubmit}>
      ${this.shown.map((field) => this.field(field, inputs[field.key] ?? ""))}
      ${this.refusal ? html`<peek-banner kind="danger">${this.refusal}</peek-banner>` : nothing}
      <div class="foot">
        ${dirty && !this.creating ? html`<peek-state kind="pending">${texts.unsaved}</peek-state>` : nothing}
        ${this.cancellable
          ? html`<button type="button" @click=${this.cancel}>${texts.cancel}</button>`
          : dirty && !this.always
            ? html`<button type="button" @click=${this.reset}>${texts.undo}</button>`
            : nothing}
        <button class="primary" ?disabled=${this.busy || !(dirty || this.always || this.creating)}>${this.action}</button>
      </div>
    </form>`;
  }

  private field(field: FormField, value: string | boolean): TemplateResult {
    if (field.kind === "bool") {
      return html`<label class="check">
        <input type="checkbox" .checked=${value === true} ?disabled=${field.fixed}
          @change=${(event: Event) => this.put(field, (event.target as HTMLInputElement).checked)} />
        <span>${field.label}${field.help ? html`<span class="help">${field.help}</span>` : nothing}</span>
      </label>`;
    }
    return html`<peek-field label=${field.label} help=${field.help ?? ""} error=${this.errors[field.key] ?? ""} ?optional=${field.optional && !field.fixed}>
      ${this.control(field, String(value))}
    </peek-field>`;
  }

  private control(field: FormField, value: string): TemplateResult {
    const put = (event: Event): void => this.put(field, (event.target as HTMLInputElement).value);
    if (field.kind === "lines") return html`<textarea .value=${value} ?disabled=${field.fixed} @input=${put}></textarea>`;
    if (field.kind === "choice") {
      return html`<select ?disabled=${field.fixed} @change=${put}>
        ${field.options?.map((option) => html`<option value=${option.value} ?selected=${option.value === value}>${option.label}</option>`)}
      </select>`;
    }
    const numeric = field.kind === "int" || field.kind === "float" || field.kind === "bigint";
    return html`<input
      type=${field.kind === "password" ? "password" : "text"}
      name=${field.key}
      inputmode=${numeric ? (field.kind === "float" ? "decimal" : "numeric") : nothing}
      autocomplete=${field.kind === "password" ? "new-password" : "off"}
      .value=${value}
      ?disabled=${field.fixed}
      @input=${put}
    />`;
  }

  private put(field: FormField, value: string | boolean): void {
    this.inputs = { ...this.clean, ...this.inputs, [field.key]: value };
    if (this.errors[field.key]) this.errors = { ...this.errors, [field.key]: "" };
    const secret = this.fields.some((one) => one.kind === "password");
    if (!secret) keepDraft(this.draft, isDirty(this.inputs, this.clean) ? this.inputs : null);
    this.dispatchEvent(new CustomEvent("form-change", { detail: isDirty(this.inputs, this.clean) }));
  }

  private cancel(): void {
    this.reset();
    this.dispatchEvent(new CustomEvent("form-cancel"));
  }

  private async onSubmit(event: Event): Promise<void> {
    event.preventDefault();
    if (this.busy) return;
    const { values, errors } = readInputs(this.shown, { ...this.clean, ...this.inputs }, this.values);
    this.errors = errors;
    this.refusal = "";
    if (Object.keys(errors).length > 0) return this.focusFirstError();
    this.busy = true;
    try {
      await this.save(values);
      this.reset();
    } catch (error) {
      this.refusal = error instanceof Error ? error.message : String(error);
    } finally {
      this.busy = false;
    }
  }

  private async focusFirstError(): Promise<void> {
    await this.updateComplete;
    const wrong = [...this.renderRoot.querySelectorAll("peek-field")].find((field) => field.getAttribute("error"));
    wrong?.querySelector<HTMLElement>("input, select, textarea")?.focus();
  }
}
