// @ts-check
// The page on a phone: what the machines do at this moment, and the alarms, each with one large button.
import { css, html, nothing } from "lit";
import { PeekPage, bytes, percent, time } from "@peek/ui";
import { Acknowledging } from "./acknowledge.js";
import { ALARM, HOST_NOW, THRESHOLD, alarmState, alarmText, countWaiting, standing } from "./metrics.js";

/** @typedef {import("./tuples").Alarm} Alarm */
/** @typedef {import("./tuples").HostNow} HostNow */
/** @typedef {import("./tuples").Threshold} Threshold */

export const badge = countWaiting;

export default class HostMetrics extends PeekPage {
  static styles = [
    ...PeekPage.styles,
    css`
      .values {
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 1fr));
        gap: var(--peek-space-3);
      }
      .rates {
        padding-top: var(--peek-space-3);
        color: var(--peek-text-weak);
      }
      .none {
        padding: var(--peek-space-4);
        border-top: 1px solid var(--peek-line);
      }
      .alarm {
        display: grid;
        gap: var(--peek-space-2);
        padding: var(--peek-space-3) var(--peek-space-4);
        border-top: 1px solid var(--peek-line);
      }
      .alarm button {
        min-height: 48px;
      }
    `,
  ];

  /** @type {import("@peek/ui").ObserveController<HostNow>} */
  hosts = this.observe(HOST_NOW);
  /** @type {import("@peek/ui").ObserveController<Alarm>} */
  alarms = this.observe(ALARM);
  /** @type {import("@peek/ui").ObserveController<Threshold>} */
  thresholds = this.observe(THRESHOLD);

  acknowledging = new Acknowledging(this, this.alarms);

  render() {
    return html`
      <peek-view .controller=${[this.hosts, this.alarms]} bare>
        <div class="stack">
          ${this.hosts.rows.map((now) => this.machine(now))}
          ${this.hosts.rows.length ? nothing : html`<peek-card><p>No machine has reported yet.</p></peek-card>`}
          <peek-card heading="Alarms" flush>
            ${this.alarms.rows.map((alarm) => this.alarm(alarm))}
            ${this.alarms.rows.length ? nothing : html`<p class="none weak">No alarms. All values have been below their thresholds.</p>`}
          </peek-card>
        </div>
      </peek-view>
    `;
  }

  /** @param {HostNow} now */
  machine(now) {
    const { sample } = now;
    return html`<peek-card heading=${now.host}>
      <peek-freshness slot="actions" .controller=${this.hosts}></peek-freshness>
      <div class="values">
        ${this.value("cpu_percent", "Processor", sample.cpu_percent)}
        ${this.value("memory_percent", "Memory", sample.memory_percent)}
        ${this.value("disk_percent", "Disk", sample.disk_percent)}
      </div>
      <p class="rates small">Network in ${bytes(sample.net_in)}/s, out ${bytes(sample.net_out)}/s</p>
    </peek-card>`;
  }

  /** @param {string} metric @param {string} name @param {number} value */
  value(metric, name, value) {
    const { kind, word } = standing(this.thresholds.rows, metric, value);
    return html`<div>
      <div class="weak small">${name}</div>
      <div class="figure">${percent(value)}</div>
      <peek-state class="small" kind=${kind}>${word}</peek-state>
    </div>`;
  }

  /** @param {Alarm} alarm */
  alarm(alarm) {
    const { kind, word } = alarmState(alarm);
    return html`<div class="alarm">
      <div class="row">
        <peek-state kind=${kind}>${word}</peek-state>
        <span class="weak small push">${alarm.host}, ${time(alarm.raised_at)}</span>
      </div>
      <div class="strong">${alarmText(alarm)}</div>
      ${this.acknowledging.render(alarm)}
    </div>`;
  }
}
