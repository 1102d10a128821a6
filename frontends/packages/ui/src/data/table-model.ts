/**
 * What a table shows, without the table: columns read cells, rows are filtered by words and sorted by one column, and a
 * window says which rows are worth drawing. Plain functions, tested without a browser.
 */

export type Cell = string | number | boolean | Date | null | undefined;

/** One column. `Row` is the type of the rows; `unknown` cells of a row are shown as text. */
export interface Column<Row = Record<string, unknown>> {
  /** The field of the row, and the name of the column in events and addresses. */
  key: string;
  title: string;
  /** What sorting and filtering see; the field named `key` unless given. */
  value?: (row: Row) => Cell;
  /** What is shown; the value as text unless given. */
  render?: (row: Row) => unknown;
  /** Figures align to the end. */
  numeric?: boolean;
  /** One line of text, cut where the column ends; takes what width the others leave. */
  clip?: boolean;
  /** Left out when the table is narrower than 640 px. */
  wide?: boolean;
  /** Cannot be sorted, for columns of buttons. */
  fixed?: boolean;
}

export interface Sort {
  key: string;
  descending: boolean;
}

/** The cell of a row as sorting and filtering see it. */
export function cellOf<Row extends object>(column: Column<Row>, row: Row): Cell {
  if (column.value) return column.value(row);
  const raw: unknown = (row as Record<string, unknown>)[column.key];
  if (raw === null || raw === undefined) return null;
  if (typeof raw === "string" || typeof raw === "number" || typeof raw === "boolean" || raw instanceof Date) return raw;
  return Array.isArray(raw) ? raw.join(", ") : JSON.stringify(raw);
}

/** A cell as text: "Yes" and "No" for truth, "–" for nothing. */
export function cellText(cell: Cell): string {
  if (cell === null || cell === undefined || cell === "") return "–";
  if (typeof cell === "boolean") return cell ? "Yes" : "No";
  if (cell instanceof Date) return cell.toLocaleString();
  return String(cell);
}

/** The rows in which every word of the filter occurs in some column, whatever the case. */
export function filterRows<Row extends object>(rows: readonly Row[], columns: readonly Column<Row>[], filter: string): readonly Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = columns.map((column) => cellText(cellOf(column, row))).join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** A sorted copy; equal cells keep their order and empty cells come last in both directions. */
export function sortRows<Row extends object>(rows: readonly Row[], columns: readonly Column<Row>[], sort: Sort | null): readonly Row[] {
  const column = sort && columns.find((one) => one.key === sort.key);
  if (!sort || !column) return rows;
  const direction = sort.descending ? -1 : 1;
  return rows
    .map((row) => ({ row, cell: cellOf(column, row) }))
    .sort((left, right) => {
      const emptyLeft = left.cell === null || left.cell === undefined || left.cell === "";
      const emptyRight = right.cell === null || right.cell === undefined || right.cell === "";
      if (emptyLeft || emptyRight) return Number(emptyLeft) - Number(emptyRight);
      return direction * compare(left.cell, right.cell);
    })
    .map((entry) => entry.row);
}

/** `name` or `-name` for an address; an empty text for no sort. */
export function sortText(sort: Sort | null): string {
  return sort ? `${sort.descending ? "-" : ""}${sort.key}` : "";
}

/** The reverse of `sortText`. */
export function parseSort(text: string): Sort | null {
  if (!text) return null;
  return text.startsWith("-") ? { key: text.slice(1), descending: true } : { key: text, descending: false };
}

/** Which rows to draw for a scroll position, with some above and below so that scrolling shows no gap. */
export function visibleWindow(total: number, rowHeight: number, scrollTop: number, height: number): { from: number; to: number } {
  const margin = 12;
  const from = Math.max(0, Math.min(Math.floor(scrollTop / rowHeight) - margin, total - 1));
  const to = Math.min(total, Math.ceil((scrollTop + height) / rowHeight) + margin);
  return { from: Math.max(0, from), to: Math.max(to, 0) };
}

function compare(left: Cell, right: Cell): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (left instanceof Date && right instanceof Date) return left.getTime() - right.getTime();
  return String(left).localeCompare(String(right), undefined, { numeric: true, sensitivity: "base" });
}
