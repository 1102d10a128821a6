/**
 * `<peek-table .columns=${…} .rows=${…}>`: a real table with a filter box, sortable columns and rows that open. Arrow keys move
 * between rows and Enter opens one (`row-open`, detail: the row). Above 200 rows only those in sight are drawn.
 */
import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import {
  cellOf,
  cellText,
  filterRows,
  parseSort,
  sortRows,
  sortText,
  visibleWindow,
  type Column,
} from "../data/table-model.ts";
import { reportFaults } from "../faults.ts";
import { number } from "../format.ts";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";
import { tableStyle } from "./table-style.ts";

type Row = Record<string, unknown>;

const VIRTUAL_FROM = 200;

export class PeekTable extends LitElement {
  static override properties = {
    columns: { attribute: false },
    rows: { attribute: false },
    rowKey: { attribute: false },
    label: {},
    filter: {},
    sort: {},
    selected: {},
    empty: {},
    openable: { type: Boolean },
    plain: { type: Boolean },
    scrolled: { state: true },
    active: { state: true },
  };
  static override styles = [typography, controls, tableStyle];

  declare columns: readonly Column[];
  /** None while they are not there yet. */
  declare rows: readonly Row[] | undefined;
  /** What identifies a row across updates; its `id`, else its `name`, else its place. */
  declare rowKey: ((row: Row) => string) | undefined;
  /** What the table is a table of, for assistive technology. */
  declare label: string;
  /** The words of the filter box. `filter-change` and `sort-change` tell when the reader changes them (detail: text). */
  declare filter: string;
  /** The sorted column, `name` or `-name`. */
  declare sort: string;
  /** The key of the row that is open beside the table. */
  declare selected: string;
  declare empty: string;
  /** Rows can be opened. */
  declare openable: boolean;
  /** Without the filter box, for short tables. */
  declare plain: boolean;
  private declare scrolled: number;
  private declare active: number;
  private rowHeight = 36;

  constructor() {
    super();
    this.columns = [];
    this.rows = [];
    this.label = "";
    this.filter = "";
    this.sort = "";
    this.selected = "";
    this.empty = texts.empty;
    this.openable = false;
    this.plain = false;
    this.scrolled = 0;
    this.active = 0;
  }

  /** Puts the cursor into the filter box. */
  focusFilter(): void {
    this.renderRoot.querySelector<HTMLInputElement>("input[type=search]")?.focus();
  }

  protected override performUpdate(): void {
    // The columns' functions are the page's own code.
    reportFaults(this, () => super.performUpdate());
  }

  override render() {
    const matching = filterRows(this.rows ?? [], this.columns, this.filter);
    const shown = sortRows(matching, this.columns, parseSort(this.sort));
    return html`
      ${this.plain ? nothing : this.toolbar(shown.length)}
      ${shown.length === 0 ? this.nothingShown() : this.table(shown)}
    `;
  }

  private toolbar(shown: number): TemplateResult {
    return html`<div class="toolbar">
      <label class="search">
        <span class="visually-hidden">${texts.filter} ${this.label}</span>
        <peek-icon name="search"></peek-icon>
        <input type="search" data-search placeholder=${texts.filter} autocomplete="off" .value=${this.filter} @input=${this.onFilter} />
      </label>
      <span class="weak small" role="status">${texts.rows(number(shown, 0), number(this.rows?.length ?? 0, 0))}</span>
      <slot name="actions"></slot>
    </div>`;
  }

  private nothingShown(): TemplateResult {
    const filtered = this.filter !== "" && (this.rows?.length ?? 0) > 0;
    return html`<div class="nothing">
      <p>${filtered ? texts.noMatch : this.empty}</p>
      ${filtered ? html`<button @click=${() => this.changeFilter("")}>${texts.clearFilter}</button>` : nothing}
    </div>`;
  }

  private table(shown: readonly Row[]): TemplateResult {
    const virtual = shown.length > VIRTUAL_FROM;
    const height = virtual ? this.viewport() : 0;
    const { from, to } = virtual
      ? visibleWindow(shown.length, this.rowHeight, this.scrolled, height)
      : { from: 0, to: shown.length };
    const last = Math.min(this.active, shown.length - 1);
    return html`<div class=${virtual ? "scroll virtual" : "scroll"} @scroll=${virtual ? this.onScroll : nothing}>
      <table aria-label=${this.label || nothing} aria-rowcount=${virtual ? shown.length + 1 : nothing}>
        <thead>
          <tr>
            ${this.columns.map((column) => this.heading(column))}
          </tr>
        </thead>
        <tbody @keydown=${this.openable ? (event: KeyboardEvent) => this.onKey(event, shown) : nothing}>
          ${spacer(from * this.rowHeight)}
          ${shown.slice(from, to).map((row, index) => this.line(row, from + index, from + index === Math.max(last, from)))}
          ${spacer((shown.length - to) * this.rowHeight)}
        </tbody>
      </table>
    </div>`;
  }

  private heading(column: Column): TemplateResult {
    if (!column.title) return html`<td class=${classesOf(column)}></td>`;
    const sort = parseSort(this.sort);
    const sorted = sort?.key === column.key ? (sort.descending ? "descending" : "ascending") : "none";
    const icon = sorted === "none" ? "sort" : sorted === "ascending" ? "arrow-up" : "arrow-down";
    return html`<th scope="col" class=${classesOf(column)} aria-sort=${column.fixed ? nothing : sorted}>
      ${column.fixed
        ? html`<span class="title">${column.title}</span>`
        : html`<button class="title" @click=${() => this.changeSort(column.key)}>
            <span>${column.title}</span><peek-icon name=${icon}></peek-icon>
          </button>`}
    </th>`;
  }

  private line(row: Row, index: number, reachable: boolean): TemplateResult {
    const key = this.keyOf(row, index);
    return html`<tr
      data-index=${index}
      aria-rowindex=${index + 2}
      class=${this.openable ? "openable" : ""}
      tabindex=${this.openable ? (reachable ? "0" : "-1") : nothing}
      aria-current=${this.selected !== "" && key === this.selected ? "true" : nothing}
      @click=${this.openable ? (event: MouseEvent) => this.onClick(event, row, index) : nothing}
    >
      ${this.columns.map(
        (column) => html`<td class=${classesOf(column)}>
          ${column.render ? column.render(row) : html`<span class="cell" title=${column.clip ? cellText(cellOf(column, row)) : nothing}>${cellText(cellOf(column, row))}</span>`}
        </td>`,
      )}
    </tr>`;
  }

  protected override updated(_changed: PropertyValues): void {
    const line = this.renderRoot.querySelector<HTMLElement>("tbody tr[data-index]");
    const measured = line?.getBoundingClientRect().height ?? 0;
    if (measured > 0 && Math.abs(measured - this.rowHeight) > 0.5 && (this.rows?.length ?? 0) > VIRTUAL_FROM) {
      this.rowHeight = measured;
      this.requestUpdate();
    }
  }

  private keyOf(row: Row, index: number): string {
    if (this.rowKey) return this.rowKey(row);
    const own = row["id"] ?? row["name"];
    return typeof own === "string" || typeof own === "number" ? String(own) : String(index);
  }

  private viewport(): number {
    return this.renderRoot.querySelector(".scroll")?.clientHeight || window.innerHeight;
  }

  private onFilter(event: Event): void {
    this.changeFilter((event.target as HTMLInputElement).value);
  }

  private changeFilter(words: string): void {
    this.filter = words;
    this.active = 0;
    this.dispatchEvent(new CustomEvent("filter-change", { detail: words }));
  }

  private changeSort(key: string): void {
    const sort = parseSort(this.sort);
    // Third press returns to the order the rows came in.
    const next = sort?.key !== key ? { key, descending: false } : sort.descending ? null : { key, descending: true };
    this.sort = sortText(next);
    this.dispatchEvent(new CustomEvent("sort-change", { detail: this.sort }));
  }

  private onScroll(event: Event): void {
    this.scrolled = (event.currentTarget as HTMLElement).scrollTop;
  }

  private onClick(event: MouseEvent, row: Row, index: number): void {
    const control = event.composedPath().find((target) => target instanceof HTMLElement && target.matches("a, button, input, select, label, tr"));
    if (!(control instanceof HTMLTableRowElement)) return;
    this.active = index;
    this.open(row);
  }

  private onKey(event: KeyboardEvent, shown: readonly Row[]): void {
    const line = event.target;
    if (!(line instanceof HTMLTableRowElement)) return;
    const index = Number(line.dataset["index"]);
    const moves: Record<string, number> = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: shown.length - 1 };
    const row = shown[index];
    if (event.key === "Enter" && row) this.open(row);
    else if (event.key in moves) void this.moveTo(Math.max(0, Math.min(moves[event.key] ?? index, shown.length - 1)), shown.length);
    else return;
    event.preventDefault();
  }

  private async moveTo(index: number, total: number): Promise<void> {
    this.active = index;
    const scroll = this.renderRoot.querySelector<HTMLElement>(".virtual");
    if (scroll && total > VIRTUAL_FROM) {
      const top = index * this.rowHeight;
      const head = this.renderRoot.querySelector("thead")?.clientHeight ?? this.rowHeight;
      if (top < scroll.scrollTop) scroll.scrollTop = top;
      else if (top + this.rowHeight + head > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + this.rowHeight + head - scroll.clientHeight;
      this.scrolled = scroll.scrollTop;
    }
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`tr[data-index="${index}"]`)?.focus();
  }

  private open(row: Row): void {
    this.dispatchEvent(new CustomEvent("row-open", { detail: row }));
  }
}

function classesOf(column: Column): string {
  return ["numeric", "wide", "fixed", "clip"].filter((name) => column[name as "numeric" | "wide" | "fixed" | "clip"]).join(" ");
}

function spacer(height: number): TemplateResult | typeof nothing {
  // An SVG's height is an attribute, which a strict policy for styles allows.
  return height > 0 ? html`<tr class="spacer" aria-hidden="true"><td colspan="99"><svg width="1" height=${height}></svg></td></tr>` : nothing;
}
