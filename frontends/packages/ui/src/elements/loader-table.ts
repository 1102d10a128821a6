/**
 * `<peek-loader-table .peek=${…} type="plugin.Type" .columns=${…} .fields=${…} what="string">`: a table of the database to read and edit. Paged and
 * sorted where the data is; adding and editing in a dialog; deleting asks once; a change by somebody else in the
 * meantime is shown beside yours, to choose from field by field; the table goes out as a CSV file, and comes in from one.
 */
import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { Json, PeekClient } from "@peek/client";
import type { FormField, Values } from "../data/form-model.ts";
import type { ObserveController } from "../data/observe-controller.ts";
import { parseSort, type Column } from "../data/table-model.ts";
import { number } from "../format.ts";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";
import { confirmDialog } from "./confirm.ts";
import { loaderTableStyle } from "./loader-table-style.ts";
import type { Editing } from "./row-editor.ts";
import { toast } from "./toast.ts";

interface Loaded {
  total: number;
  rows: Values[];
  versions: string[];
}

export class PeekLoaderTable extends LitElement {
  static override properties = {
    peek: { attribute: false },
    type: {},
    columns: { attribute: false },
    fields: { attribute: false },
    blank: { attribute: false },
    filter: { attribute: false },
    keyField: { attribute: "key-field" },
    searchField: { attribute: "search-field" },
    what: {},
    sort: {},
    pageSize: { type: Number, attribute: "page-size" },
    readonly: { type: Boolean },
    follow: { attribute: false },
    words: { state: true },
    loaded: { state: true },
    offset: { state: true },
    error: { state: true },
    editing: { state: true },
    selected: { state: true },
  };
  static override styles = [typography, controls, loaderTableStyle];

  declare peek: PeekClient;
  declare type: string;
  /** What the table shows; one column per field unless given. */
  declare columns: readonly Column<Values>[] | undefined;
  declare fields: readonly FormField[];
  /** What a new row starts with. */
  declare blank: Values;
  /** Restricts the rows, as the loader understands it. */
  declare filter: Values;
  declare keyField: string;
  /** The text column that the filter box looks into; no box without it. */
  declare searchField: string;
  /** What one row is called: "string". */
  declare what: string;
  declare sort: string;
  declare pageSize: number;
  declare readonly: boolean;
  /** Live rows of the same table: whenever they change, by whomever, the page is read again. */
  declare follow: ObserveController<unknown> | undefined;
  private declare words: string;
  private declare loaded: Loaded | null;
  private declare offset: number;
  private declare error: string;
  private declare editing: Editing | null;
  /** The keys of the rows that are selected, all of them on this page. */
  private declare selected: ReadonlySet<string>;
  private asked = 0;
  private unfollow: (() => void) | null = null;

  constructor() {
    super();
    this.type = "";
    this.fields = [];
    this.blank = {};
    this.filter = {};
    this.keyField = "id";
    this.searchField = "";
    this.what = "row";
    this.sort = "";
    this.pageSize = 50;
    this.readonly = false;
    this.words = "";
    this.loaded = null;
    this.offset = 0;
    this.error = "";
    this.editing = null;
    this.selected = new Set();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.startFollowing();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unfollow?.();
    this.unfollow = null;
  }

  private startFollowing(): void {
    this.unfollow?.();
    this.unfollow = this.follow?.subscribe(() => void this.reload()) ?? null;
  }

  /** Reads the page again. */
  async reload(): Promise<void> {
    const asked = ++this.asked;
    try {
      const loaded = await this.loader.list({ offset: this.offset, limit: this.pageSize, ...this.chosen });
      // A slow answer must not replace a later one.
      if (asked !== this.asked) return;
      this.loaded = loaded;
      const keys = loaded.rows.map((row) => this.keyOf(row));
      this.selected = new Set(keys.filter((key) => this.selected.has(key)));
      this.error = "";
      if (loaded.rows.length === 0 && this.offset > 0) this.offset = Math.max(0, this.offset - this.pageSize);
    } catch (error) {
      if (asked === this.asked) this.error = messageOf(error);
    }
  }

  /** What is shown of the table, and in which order. */
  private get chosen(): { sort: [string, "asc" | "desc"][]; filter: Values } {
    const sort = parseSort(this.sort);
    return {
      sort: sort ? [[sort.key, sort.descending ? "desc" : "asc"]] : [],
      filter: this.words ? { ...this.filter, [this.searchField]: { contains: this.words } } : this.filter,
    };
  }

  private get loader() {
    return this.peek.loader<Values>(this.type);
  }

  protected override updated(changed: PropertyValues): void {
    const asks = ["peek", "type", "offset", "pageSize", "sort", "filter", "words"].some((name) => changed.has(name));
    if (asks && this.peek && this.type) void this.reload();
    if (changed.has("follow")) this.startFollowing();
  }

  override render() {
    return html`${this.body()} ${this.loaded ? this.editor() : nothing}`;
  }

  private body(): TemplateResult {
    if (this.error && !this.loaded) {
      return html`<div class="failed"><peek-banner kind="danger">
        ${this.error}<button slot="action" class="quiet" @click=${this.reload}>${texts.retry}</button>
      </peek-banner></div>`;
    }
    if (!this.loaded) return html`<peek-skeleton></peek-skeleton>`;
    const { rows, total } = this.loaded;
    return html`
      ${this.error ? html`<div class="failed"><peek-banner kind="warning">${this.error}</peek-banner></div>` : nothing}
      ${this.selected.size > 0 ? this.selectionBar(rows) : this.bar(total)}
      <peek-table
        plain
        label=${`${this.what}s`}
        ?openable=${!this.readonly}
        .columns=${this.shownColumns()}
        .rows=${rows}
        .sort=${this.sort}
        .rowKey=${(row: Values) => this.keyOf(row)}
        @row-open=${(event: CustomEvent<Values>) => this.edit(event.detail)}
        @sort-change=${this.onSort}
      ></peek-table>
      ${total > this.pageSize ? this.pager(total, rows.length) : nothing}
    `;
  }

  private editor(): TemplateResult {
    return html`<peek-row-editor
      .loader=${this.loader}
      .fields=${this.fields}
      .editing=${this.editing}
      key-field=${this.keyField}
      draft=${this.type}
      what=${this.what}
      @edited=${() => void this.reload()}
      @edit-close=${() => (this.editing = null)}
    ></peek-row-editor>`;
  }

  private bar(total: number): TemplateResult {
    return html`<div class="bar">
        <span class="weak">${total === 1 ? `1 ${this.what}` : `${number(total, 0)} ${this.what}s`}</span>
        ${this.searchField ? this.searchBox() : nothing}
        <span class="push"></span>
        <button class="quiet icon" aria-label=${texts.reload} title=${texts.reload} @click=${this.reload}><peek-icon name="refresh"></peek-icon></button>
        <peek-table-files
          .loader=${this.loader}
          .chosen=${this.chosen}
          .columns=${this.fields.map(({ key }) => key)}
          what=${this.what}
          ?readonly=${this.readonly}
          @imported=${() => void this.reload()}
        ></peek-table-files>
        ${this.readonly ? nothing : html`<button class="primary" @click=${this.add}><peek-icon name="plus"></peek-icon>${texts.addTitle(this.what)}</button>`}
      </div>`;
  }

  /** In the place of the bar, so that nothing moves: what can be done with the rows that are selected. */
  private selectionBar(rows: readonly Values[]): TemplateResult {
    const count = this.selected.size;
    return html`<div class="bar">
      <label class="check">
        <input type="checkbox" .checked=${count === rows.length} .indeterminate=${count < rows.length} @change=${() => this.selectAll(count < rows.length)} />
        ${texts.selectPage}
      </label>
      <span class="weak push" role="status">${texts.selected(number(count, 0))}</span>
      <button class="danger" @click=${this.deleteSelected}><peek-icon name="delete"></peek-icon>${texts.removeMany(count, this.what)}</button>
    </div>`;
  }

  private searchBox(): TemplateResult {
    return html`<input type="search" data-search aria-label=${texts.filter} placeholder=${texts.filter} .value=${this.words} @change=${this.onSearch} @search=${this.onSearch} />`;
  }

  private shownColumns(): readonly Column<Values>[] {
    const shown = this.columns ?? this.fields.map((field): Column<Values> => ({ key: field.key, title: field.label, numeric: field.kind === "int" || field.kind === "float" || field.kind === "bigint" }));
    if (this.readonly) return shown;
    const buttons: Column<Values> = {
      key: "",
      title: "",
      fixed: true,
      render: (row) => html`<button class="quiet icon" aria-label=${`${texts.remove} ${this.nameOf(row)}`} title=${texts.remove} @click=${() => this.deleteRow(row)}>
        <peek-icon name="delete"></peek-icon>
      </button>`,
    };
    const box: Column<Values> = {
      key: "",
      title: "",
      fixed: true,
      render: (row) => html`<input type="checkbox" aria-label=${texts.select(this.nameOf(row))} .checked=${this.selected.has(this.keyOf(row))} @change=${() => this.toggle(row)} />`,
    };
    return [box, ...shown, buttons];
  }

  private pager(total: number, shown: number): TemplateResult {
    const to = this.offset + shown;
    return html`<nav class="bar foot" aria-label=${texts.pages}>
      <span class="weak push">${texts.page(number(this.offset + 1, 0), number(to, 0), number(total, 0))}</span>
      <button class="icon" aria-label=${texts.previous} ?disabled=${this.offset === 0} @click=${() => (this.offset = Math.max(0, this.offset - this.pageSize))}>
        <peek-icon name="chevron-left"></peek-icon>
      </button>
      <button class="icon" aria-label=${texts.next} ?disabled=${to >= total} @click=${() => (this.offset += this.pageSize)}>
        <peek-icon name="chevron-right"></peek-icon>
      </button>
    </nav>`;
  }

  private nameOf(row: Values): string {
    const named = row["name"] ?? row["title"] ?? row[this.keyField];
    return `${this.what} ${String(named ?? "")}`.trim();
  }

  private keyOf(row: Values): string {
    return String(row[this.keyField]);
  }

  private toggle(row: Values): void {
    const selected = new Set(this.selected);
    const key = this.keyOf(row);
    if (!selected.delete(key)) selected.add(key);
    this.selected = selected;
  }

  private selectAll(all: boolean): void {
    this.selected = new Set(all ? (this.loaded?.rows ?? []).map((row) => this.keyOf(row)) : []);
  }

  private async deleteSelected(): Promise<void> {
    const rows = (this.loaded?.rows ?? []).filter((row) => this.selected.has(this.keyOf(row)));
    const versions = rows.map((row) => this.versionOf(row) ?? "");
    const what = texts.removeMany(rows.length, this.what);
    if (!(await confirmDialog({ title: `${what}?`, text: texts.removeWarn, action: what }))) return;
    try {
      const [wrong] = await this.loader.removeAll(rows.map((row) => row[this.keyField] as Json), versions);
      if (wrong) toast(texts.removedNone(this.nameOf(rows[wrong.row] ?? {}), wrong.message), "danger");
      else {
        this.selected = new Set();
        toast(texts.removed, "ok");
      }
    } catch (error) {
      toast(messageOf(error), "danger");
    }
    await this.reload();
  }

  private add(): void {
    this.editing = { row: this.blank, version: null };
  }

  private edit(row: Values): void {
    const version = this.versionOf(row);
    if (version !== null) this.editing = { row, version };
  }

  private versionOf(row: Values): string | null {
    return this.loaded?.versions[this.loaded.rows.indexOf(row)] ?? null;
  }

  private async deleteRow(row: Values): Promise<void> {
    const version = this.versionOf(row);
    if (version === null) return;
    const name = this.nameOf(row);
    if (!(await confirmDialog({ title: texts.removeAsk(name), text: texts.removeWarn, action: texts.remove }))) return;
    try {
      await this.loader.remove(row[this.keyField] as Json, version);
      toast(texts.removed, "ok");
    } catch (error) {
      toast(messageOf(error), "danger");
    }
    await this.reload();
  }

  private onSearch(event: Event): void {
    this.offset = 0;
    this.words = (event.target as HTMLInputElement).value.trim();
  }

  private onSort(event: CustomEvent<string>): void {
    this.offset = 0;
    this.sort = event.detail;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
