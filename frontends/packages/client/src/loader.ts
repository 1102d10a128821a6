/** Rows of a table for pages that edit them: list with paging, sort and filter; save and remove with a version check. */
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
}
