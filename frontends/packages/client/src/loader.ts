/**
 * Rows of a table for pages that edit them: list with paging, sort and filter; save and remove with a version check, one or many in one
 * transaction; files of them out and in.
 */
import type { Calls } from "./calls.ts";
import type { Json } from "./json.ts";

export interface ListOptions {
  /** Rows to skip; default 0. */
  offset?: number;
  /** Rows to return at most; default 50. */
  limit?: number;
  /** Columns by weight, the first decides. */
  sort?: readonly (readonly [column: string, direction: "asc" | "desc"])[];
  /** Column → value. */
  filter?: Record<string, Json>;
}

export interface Page<T> {
  /** How many rows there are with this filter, on all pages. */
  total: number;
  rows: T[];
  /** The version of each row, to be given back when it is saved or removed. */
  versions: string[];
}

/** Why one of many rows could not be written: its place among them, the kind of error, a sentence, and the field if it is about one. */
export interface RowFault {
  row: number;
  kind: string;
  message: string;
  field: string;
}

/** Many rows as they were stored; or, when some could not be, none of them and what is wrong with those. */
export interface SavedRows<T> {
  rows: T[];
  versions: string[];
  errors: RowFault[];
}

export interface ExportOptions extends Pick<ListOptions, "sort" | "filter"> {
  /** Begins the file with the mark by which spreadsheets know UTF-8; default true. */
  bom?: boolean;
  /** Marks texts that a spreadsheet would run as formulas; default true. */
  guarded?: boolean;
}

/** What a line of a file does to the table. */
export interface ImportedLine {
  line: number;
  what: "new" | "changed" | "refused";
  /** Those of a changed row that become others. */
  fields: string[];
  /** The column that is wrong, when it is about one. */
  field: string;
  /** A sentence for people when it is refused. */
  reason: string;
}

export interface ImportReport {
  new: number;
  changed: number;
  unchanged: number;
  refused: number;
  /** Those that do something, the refused ones first; at most a thousand. */
  lines: ImportedLine[];
  /** Given back, it has done what this says. */
  token: string;
  /** Whether it is done, rather than only looked at. */
  applied: boolean;
}

/** Seconds that a whole table may take. */
const LONG = 300;

export class Loader<T> {
  constructor(
    private readonly calls: Calls,
    private readonly type: string,
  ) {}

  list({ offset = 0, limit = 50, sort = [], filter = {} }: ListOptions = {}): Promise<Page<T>> {
    return this.calls.call("peek.loader_list", { type: this.type, offset, limit, sort, filter });
  }

  /** Saves a row; `version` null makes a new one. Rejects with `Conflict` when somebody else changed it meanwhile. */
  save(row: T, version: string | null): Promise<{ row: T; version: string }> {
    return this.calls.call("peek.loader_save", { type: this.type, row, version });
  }

  /** Removes a row by its primary key. Rejects with `Conflict` when somebody else changed it meanwhile. */
  async remove(key: Json, version: string): Promise<void> {
    await this.calls.call("peek.loader_delete", { type: this.type, key, version });
  }

  /** Saves many rows in one transaction, all of them or none. */
  saveAll(rows: readonly T[], versions: readonly (string | null)[]): Promise<SavedRows<T>> {
    return this.calls.call("peek.loader_save_all", { type: this.type, rows, versions });
  }

  /** Removes many rows in one transaction: all of them, or none when there is an answer. */
  removeAll(keys: readonly Json[], versions: readonly string[]): Promise<RowFault[]> {
    return this.calls.call("peek.loader_delete_all", { type: this.type, keys, versions });
  }

  /** All rows with this filter, as a CSV file. */
  async exportCsv({ sort = [], filter = {}, bom = true, guarded = true }: ExportOptions = {}): Promise<Blob> {
    const pieces: string[] = [];
    const args = { type: this.type, sort, filter, bom, guarded };
    await this.calls.each<string>("peek.loader_export", args, (piece) => pieces.push(piece), { timeout: LONG });
    return new Blob(pieces, { type: "text/csv;charset=utf-8" });
  }

  /** What a CSV file would do to the table; with the token of such a report, does it. Rejects with `Conflict` when it would do something else now. */
  async importCsv(file: Blob, token: string | null = null): Promise<ImportReport> {
    const compressed = file.stream().pipeThrough(new CompressionStream("deflate"));
    const data = base64(new Uint8Array(await new Response(compressed).arrayBuffer()));
    return this.calls.call("peek.loader_import", { type: this.type, data, compressed: true, token }, { timeout: LONG });
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  // As many at a time as a function takes arguments.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
