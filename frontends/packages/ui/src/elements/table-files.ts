/**
 * `<peek-table-files .loader=${…} .chosen=${…} .columns=${…} what="string">`: a table out to a CSV file (what is filtered, in the order that is
 * shown) and, unless `readonly`, in from one. Two buttons for a row of them; `imported` tells when rows have come in.
 */
import { LitElement, css, html, nothing } from "lit";
import type { ExportOptions, ImportReport, Loader } from "@peek/client";
import { download } from "../data/download.ts";
import type { Values } from "../data/form-model.ts";
import { texts } from "../texts.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";
import { toast } from "./toast.ts";

export class PeekTableFiles extends LitElement {
  static override properties = {
    loader: { attribute: false },
    chosen: { attribute: false },
    columns: { attribute: false },
    what: {},
    readonly: { type: Boolean },
    importing: { state: true },
    exporting: { state: true },
  };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        display: contents;
      }
      @container (max-width: 519px) {
        button {
          width: var(--peek-control);
          padding: 0;
        }
        .word {
          display: none;
        }
      }
    `,
  ];

  declare loader: Loader<Values>;
  /** What is exported, and in which order. */
  declare chosen: Pick<ExportOptions, "sort" | "filter">;
  /** The names that the first line of a file may have. */
  declare columns: readonly string[];
  declare what: string;
  declare readonly: boolean;
  private declare importing: boolean;
  private declare exporting: boolean;

  constructor() {
    super();
    this.chosen = {};
    this.columns = [];
    this.what = "row";
    this.readonly = false;
    this.importing = false;
    this.exporting = false;
  }

  override render() {
    return html`
      <button class="quiet" aria-label=${texts.exportRows} title=${texts.exportTitle} ?disabled=${this.exporting} @click=${this.exportRows}>
        <peek-icon name="download"></peek-icon><span class="word">${texts.exportRows}</span>
      </button>
      ${this.readonly ? nothing : this.importer()}
    `;
  }

  private importer() {
    return html`
      <button class="quiet" aria-label=${texts.importRows} title=${texts.importHint} @click=${() => (this.importing = true)}>
        <peek-icon name="upload"></peek-icon><span class="word">${texts.importRows}</span>
      </button>
      <peek-dialog wide heading=${texts.importTitle(this.what)} ?open=${this.importing} @dialog-close=${() => (this.importing = false)}>
        ${this.importing
          ? html`<peek-import
              .loader=${this.loader}
              .columns=${this.columns}
              what=${this.what}
              @imported=${this.onImported}
              @import-cancel=${() => (this.importing = false)}
            ></peek-import>`
          : nothing}
      </peek-dialog>
    `;
  }

  private async exportRows(): Promise<void> {
    this.exporting = true;
    const name = `${this.what.replaceAll(" ", "-")}s-${new Date().toISOString().slice(0, 10)}.csv`;
    try {
      download(await this.loader.exportCsv(this.chosen), name);
      toast(texts.exported(name), "ok");
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "danger");
    } finally {
      this.exporting = false;
    }
  }

  private onImported({ detail }: CustomEvent<ImportReport>): void {
    this.importing = false;
    toast(texts.imported(detail.new + detail.changed, this.what), "ok");
    this.dispatchEvent(new CustomEvent("imported"));
  }
}
