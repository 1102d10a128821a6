// @ts-check
// The page in a control room: the same rows as on a phone, as a table.
import { html, nothing } from "lit";
import { PeekPage, toast } from "@peek/ui";

/** @typedef {import("./tuples").StringInt} StringInt */

export default class StringsPage extends PeekPage {
  /** @type {import("@peek/ui").ObserveController<StringInt>} */
  rows = this.observe("peek_plugin_tutorial.StringInt");

  /** A row that was tapped carries a mark until it shows what the tap did. @type {import("@peek/ui").Taps<number>} */
  marks = this.taps(this.rows);

  columns = [
    { key: "string1", title: "String" },
    { key: "int1", title: "Number", numeric: true, render: (/** @type {StringInt} */ row) => html`${this.mark(row)} ${row.int1}` },
    { key: "change", title: "Change", fixed: true, render: (/** @type {StringInt} */ row) => this.buttons(row) },
  ];

  render() {
    return html`
      <div class="stack">
        <div class="row">
          <h1>Strings</h1>
          <peek-freshness class="push" .controller=${this.rows}></peek-freshness>
        </div>
        <peek-view .controller=${this.rows} empty="No strings yet" help="An administrator adds them on the admin site.">
          <peek-card flush>
            <!-- Columns given anew are drawn anew: they show the marks, which the rows know nothing of. -->
            <peek-table label="Strings" .columns=${[...this.columns]} .rows=${this.rows.rows}></peek-table>
          </peek-card>
        </peek-view>
      </div>
    `;
  }

  /** @param {StringInt} row */
  buttons(row) {
    const id = row.id;
    return html`<span class="row">
      <button @click=${() => this.act(id, "AddIntValue", { offset: -1 })} aria-label="−1 from ${row.string1}">−1</button>
      <button @click=${() => this.act(id, "AddIntValue", { offset: 1 })} aria-label="+1 to ${row.string1}">+1</button>
      <button @click=${() => this.act(id, "ToggleCapitals", {})} aria-label="Aa, toggle capitals of ${row.string1}">Aa</button>
    </span>`;
  }

  /** @param {StringInt} row */
  mark(row) {
    return this.marks.has(row.id) ? html`<peek-state kind="pending">Sending</peek-state>` : nothing;
  }

  /** @param {number} id @param {string} name @param {Record<string, number>} action */
  async act(id, name, action) {
    const answer = await this.marks.act(id, `peek_plugin_tutorial.${name}`, { string_int_id: id, ...action });
    if (answer.status === "rejected") toast(answer.message, "danger");
  }
}
