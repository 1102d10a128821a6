/**
 * `<peek-import .loader=${…} .columns=${["id", "name"]} what="string">`: a CSV file brought into a table. The file is looked at first: the
 * reader sees what each line would do, and applies that, or mends the file. `imported` tells when it is done, `import-cancel` that it is not to be.
 */
import { LitElement, html, nothing, type TemplateResult } from "lit";
import type { ImportedLine, ImportReport, Loader } from "@peek/client";
import type { Values } from "../data/form-model.ts";
import type { Column } from "../data/table-model.ts";
import { number } from "../format.ts";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";
import type { PeekField } from "./field.ts";
import { importStyle } from "./import-style.ts";
import type { StateKind } from "./state.ts";

const KINDS = { new: "ok", changed: "notice", unchanged: "idle", refused: "danger" } as const satisfies Record<string, StateKind>;
type What = keyof typeof KINDS;

export class PeekImport extends LitElement {
  static override properties = {
    loader: { attribute: false },
    columns: { attribute: false },
    what: {},
    report: { state: true },
    busy: { state: true },
    fault: { state: true },
  };
  static override styles = [typography, controls, importStyle];

  declare loader: Loader<Values>;
  /** The names that the first line of a file may have. */
  declare columns: readonly string[];
  /** What one row is called. */
  declare what: string;
  private declare report: ImportReport | null;
  /** What is going on, for people; "" for nothing. */
  private declare busy: string;
  private declare fault: string;
  private file: File | null = null;

  private readonly lines: Column<ImportedLine & Values>[] = [
    { key: "line", title: texts.importLine, numeric: true, fixed: true },
    { key: "what", title: texts.importDoes, fixed: true, render: (line) => this.state(line.what) },
    { key: "reason", title: texts.importDetail, render: (line) => html`<span class="detail">${detail(line)}</span>` },
  ];

  constructor() {
    super();
    this.columns = [];
    this.what = "row";
    this.report = null;
    this.busy = "";
    this.fault = "";
  }

  override render() {
    return html`<div class="stack">
      <peek-field label=${texts.importFile} help=${texts.importHelp(this.columns.join(", "))}>
        <input type="file" accept=".csv,text/csv" ?disabled=${this.busy !== ""} @change=${this.onFile} />
      </peek-field>
      <div class="status" role="status">${this.busy ? html`<peek-state kind="pending">${this.busy}</peek-state>` : this.report ? this.summary(this.report) : nothing}</div>
      ${this.fault ? html`<peek-banner kind="danger">${this.fault}</peek-banner>` : nothing}
      ${this.report ? this.told(this.report) : nothing}
      <div class="actions">
        <button @click=${() => this.dispatchEvent(new CustomEvent("import-cancel"))}>${texts.cancel}</button>
        <button class="primary" ?disabled=${this.busy !== "" || this.toDo === 0} @click=${this.apply}>${texts.importApply(this.toDo, this.what)}</button>
      </div>
    </div>`;
  }

  protected override async firstUpdated(): Promise<void> {
    // What is in a slot that is not there yet cannot have the focus.
    await this.renderRoot.querySelector<PeekField>("peek-field")?.updateComplete;
    this.renderRoot.querySelector<HTMLElement>("input")?.focus();
  }

  /** How many rows would be written; none while a line is refused. */
  private get toDo(): number {
    return this.report && this.report.refused === 0 ? this.report.new + this.report.changed : 0;
  }

  private summary(report: ImportReport): TemplateResult {
    const whats: What[] = ["new", "changed", "unchanged", "refused"];
    return html`<div class="summary">
      ${whats.filter((what) => report[what] > 0).map((what) => this.state(what, `${number(report[what], 0)} ${texts.importWhat[what]}`))}
      ${whats.every((what) => report[what] === 0) ? texts.importEmpty : nothing}
    </div>`;
  }

  private told(report: ImportReport): TemplateResult {
    const all = report.new + report.changed + report.refused;
    return html`
      ${report.refused > 0 ? html`<peek-banner kind="warning">${texts.importRefused}</peek-banner>` : nothing}
      ${report.lines.length > 0
        ? html`<div class="lines" tabindex="0" role="group" aria-label=${texts.importLines}>
            <peek-table plain label=${texts.importLines} .columns=${this.lines} .rows=${report.lines} .rowKey=${(line: ImportedLine) => String(line.line)}></peek-table>
          </div>`
        : nothing}
      ${report.lines.length < all ? html`<p class="weak small">${texts.importMore(number(report.lines.length, 0), number(all, 0))}</p>` : nothing}
    `;
  }

  private state(what: What, words: string = texts.importWhat[what]): TemplateResult {
    return html`<peek-state kind=${KINDS[what]}>${words}</peek-state>`;
  }

  private async onFile(event: Event): Promise<void> {
    this.file = (event.target as HTMLInputElement).files?.[0] ?? null;
    await this.look();
  }

  /** What the chosen file would do. */
  private async look(): Promise<void> {
    const { file } = this;
    this.report = null;
    this.fault = "";
    if (file === null) return;
    this.busy = texts.importChecking;
    try {
      const report = await this.loader.importCsv(file);
      if (file === this.file) this.report = report;
    } catch (error) {
      this.fault = messageOf(error);
    } finally {
      this.busy = "";
    }
  }

  private async apply(): Promise<void> {
    const { file, report } = this;
    if (file === null || report === null) return;
    this.busy = texts.importApplying;
    this.fault = "";
    try {
      const done = await this.loader.importCsv(file, report.token);
      if (done.applied) this.dispatchEvent(new CustomEvent("imported", { detail: done }));
      else this.report = done;
    } catch (error) {
      // Most likely somebody else was quicker: the reader sees what the file would do now.
      const why = messageOf(error);
      await this.look();
      this.fault ||= why;
    } finally {
      this.busy = "";
    }
  }
}

function detail({ field, fields, reason }: ImportedLine): string {
  if (fields.length > 0) return fields.join(", ");
  return field && reason ? `${field}: ${reason}` : reason;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
