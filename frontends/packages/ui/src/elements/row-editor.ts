/**
 * `<peek-row-editor .loader=${…} .fields=${…} .editing=${{row, version}} what="string">`: a row of a table in a dialog, a new one when its version
 * is null. What somebody else saved meanwhile is shown beside what was typed, to choose from field by field. `edited` tells that something
 * may be different now, `edit-close` that the dialog is closed.
 */
import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import type { Json, JsonObject, Loader } from "@peek/client";
import type { Clash } from "../data/clash-model.ts";
import type { FormField, Values } from "../data/form-model.ts";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";
import { toast } from "./toast.ts";

export interface Editing {
  row: Values;
  /** null for a new row. */
  version: string | null;
}

/** What the client throws when somebody else was quicker; told by its type, because this package needs the client's types only. */
interface ConflictError extends Error {
  type: "Conflict";
  details: JsonObject;
}

export class PeekRowEditor extends LitElement {
  static override properties = {
    loader: { attribute: false },
    fields: { attribute: false },
    editing: { attribute: false },
    keyField: { attribute: "key-field" },
    draft: {},
    what: {},
    clash: { state: true },
  };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        display: contents;
      }
    `,
  ];

  declare loader: Loader<Values>;
  declare fields: readonly FormField[];
  /** What is edited; null for nothing. */
  declare editing: Editing | null;
  declare keyField: string;
  /** The beginning of the names under which unsaved input is kept. */
  declare draft: string;
  declare what: string;
  private declare clash: Clash | null;

  constructor() {
    super();
    this.fields = [];
    this.editing = null;
    this.keyField = "id";
    this.draft = "";
    this.what = "row";
    this.clash = null;
  }

  override render() {
    return html`${this.editDialog()} ${this.clashDialog()}`;
  }

  private editDialog(): TemplateResult {
    const { editing } = this;
    const creating = editing?.version === null;
    return html`<peek-dialog heading=${creating ? texts.addTitle(this.what) : texts.editTitle(this.what)} ?open=${editing !== null} @dialog-close=${this.close}>
      ${editing
        ? html`<peek-form
            cancellable
            ?creating=${creating}
            action=${creating ? texts.add : texts.save}
            draft=${`${this.draft}.${creating ? "new" : String(editing.row[this.keyField])}`}
            .fields=${this.fields}
            .values=${editing.row}
            .save=${(values: Values) => this.save(values, editing)}
            @form-cancel=${this.close}
          ></peek-form>`
        : nothing}
    </peek-dialog>`;
  }

  private clashDialog(): TemplateResult {
    const { clash } = this;
    return html`<peek-dialog wide heading=${texts.conflictTitle} ?open=${clash !== null} @dialog-close=${() => (this.clash = null)}>
      ${clash
        ? html`<peek-clash
            .clash=${clash}
            .fields=${this.fields}
            @clash-save=${(event: CustomEvent<Values>) => void this.saveMerged(event.detail, clash)}
            @take-theirs=${() => (this.clash = null)}
          ></peek-clash>`
        : nothing}
    </peek-dialog>`;
  }

  private close(): void {
    if (this.editing === null) return;
    this.editing = null;
    this.dispatchEvent(new CustomEvent("edit-close"));
  }

  private async save(values: Values, { row, version }: Editing): Promise<void> {
    try {
      await this.loader.save(values, version);
    } catch (error) {
      if (!isConflict(error) || version === null) throw error;
      await this.showClash(row, values, error);
      return;
    }
    this.close();
    toast(texts.saved, "ok");
    this.dispatchEvent(new CustomEvent("edited"));
  }

  private async showClash(read: Values, mine: Values, { details }: ConflictError): Promise<void> {
    const told = details as { row?: Values; version?: string; gone?: boolean };
    let theirs = told.gone ? null : told.row;
    let version = told.version ?? "";
    // A row that is too large to come along is read.
    if (theirs === undefined) {
      const now = await this.loader.list({ limit: 1, filter: { [this.keyField]: mine[this.keyField] as Json } });
      theirs = now.rows[0] ?? null;
      version = now.versions[0] ?? "";
    }
    this.close();
    this.clash = { read, mine, theirs, version };
    this.dispatchEvent(new CustomEvent("edited"));
  }

  private async saveMerged(values: Values, { theirs, version }: Clash): Promise<void> {
    this.clash = null;
    try {
      await this.save(values, { row: theirs ?? {}, version });
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "danger");
    }
  }
}

function isConflict(error: unknown): error is ConflictError {
  return error instanceof Error && "type" in error && error.type === "Conflict";
}
