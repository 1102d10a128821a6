// @ts-check
// The one page of this plugin, on all three sites: which of its parts said lately that they run.
import { html } from "lit";
import { PeekPage, time } from "@peek/ui";

/** @typedef {import("./tuples").SignOfLife} SignOfLife */

const SILENT_AFTER_MS = 15_000;
const LOOK_AGAIN_MS = 5_000;

export class SignsOfLife extends PeekPage {
  /** @type {import("@peek/ui").ObserveController<SignOfLife>} */
  signs = this.observe("peek_plugin_noop.SignOfLife");

  /** Silence is the lack of an update, so the page looks at the clock by itself. */
  timer = 0;

  columns = [
    { key: "service", title: "Service" },
    { key: "state", title: "State", value: isAlive, render: (/** @type {SignOfLife} */ sign) => state(sign) },
    { key: "last_seen", title: "Last sign", render: (/** @type {SignOfLife} */ sign) => time(sign.last_seen) },
    { key: "since", title: "Runs since", wide: true, render: (/** @type {SignOfLife} */ sign) => time(sign.since) },
    { key: "service_id", title: "Id", wide: true },
    { key: "note", title: "Note", wide: true },
  ];

  connectedCallback() {
    super.connectedCallback();
    this.timer = window.setInterval(() => this.requestUpdate(), LOOK_AGAIN_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearInterval(this.timer);
  }

  render() {
    return html`
      <div class="stack">
        <div class="row">
          <h1>Signs of life</h1>
          <peek-freshness class="push" .controller=${this.signs}></peek-freshness>
        </div>
        <peek-view .controller=${this.signs} empty="No service has given a sign of life yet">
          <peek-card flush>
            <peek-table plain label="Services" .columns=${this.columns} .rows=${this.signs.rows}></peek-table>
          </peek-card>
        </peek-view>
      </div>
    `;
  }
}

/** @param {SignOfLife} sign */
function isAlive(sign) {
  return Date.now() - Date.parse(sign.last_seen) < SILENT_AFTER_MS;
}

/** @param {SignOfLife} sign */
function state(sign) {
  return isAlive(sign) ? html`<peek-state kind="ok">Alive</peek-state>` : html`<peek-state kind="warning">Silent</peek-state>`;
}
