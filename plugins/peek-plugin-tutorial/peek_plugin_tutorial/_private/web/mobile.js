// @ts-check
// The page on a phone: the live rows, each with three buttons. A tap is an action: it waits on the device while there is no network.
import { css, html, nothing } from "lit";
import { PeekPage, toast } from "@peek/ui";

/** @typedef {import("./tuples").StringInt} StringInt */

export default class StringsPage extends PeekPage {
  static styles = [
    ...PeekPage.styles,
    css`
      ul {
        display: grid;
        gap: var(--peek-space-2);
        padding: 0;
        list-style: none;
      }
      li {
        display: flex;
        align-items: center;
        gap: var(--peek-space-2);
        padding: var(--peek-space-3) var(--peek-space-4);
        border: 1px solid var(--peek-line);
        border-radius: var(--peek-radius);
        background: var(--peek-surface-1);
      }
      .what {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .value {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--peek-space-2);
      }
      button {
        min-width: 48px;
        min-height: 48px;
      }
    `,
  ];

  /** @type {import("@peek/ui").ObserveController<StringInt>} */
  rows = this.observe("peek_plugin_tutorial.StringInt");

  /** A row that was tapped carries a mark until it shows what the tap did. @type {import("@peek/ui").Taps<number>} */
  marks = this.taps(this.rows);

  render() {
    return html`
      <peek-view .controller=${this.rows} empty="No strings yet" help="An administrator adds them on the admin site.">
        <ul>
          ${this.rows.rows.map((row) => this.item(row))}
        </ul>
      </peek-view>
    `;
  }

  /** @param {StringInt} row */
  item(row) {
    return html`<li>
      <span class="what">
        <span class="strong">${row.string1}</span>
        <span class="value">${row.int1} ${this.marks.has(row.id) ? html`<peek-state kind="pending">Sending</peek-state>` : nothing}</span>
      </span>
      <button @click=${() => this.act(row.id, "AddIntValue", { offset: -1 })} aria-label="−1 from ${row.string1}">−1</button>
      <button @click=${() => this.act(row.id, "AddIntValue", { offset: 1 })} aria-label="+1 to ${row.string1}">+1</button>
      <button @click=${() => this.act(row.id, "ToggleCapitals", {})} aria-label="Aa, toggle capitals of ${row.string1}">Aa</button>
    </li>`;
  }

  /** @param {number} id @param {string} name @param {Record<string, number>} action */
  async act(id, name, action) {
    const answer = await this.marks.act(id, `peek_plugin_tutorial.${name}`, { string_int_id: id, ...action });
    if (answer.status === "rejected") toast(answer.message, "danger");
  }
}
