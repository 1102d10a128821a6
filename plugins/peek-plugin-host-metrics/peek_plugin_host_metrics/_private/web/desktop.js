// @ts-check
// The page of a control room: charts with their thresholds, alarms, and the busiest processes of one machine.
import { css, html, nothing } from "lit";
import { PeekPage, bytes, percent, time } from "@peek/ui";
import "@peek/chart";
import { Acknowledging } from "./acknowledge.js";
import { History } from "./history.js";
import { ALARM, HOST_NOW, THRESHOLD, alarmState, alarmText, countWaiting, isWaiting } from "./metrics.js";

/** @typedef {import("./tuples").Alarm} Alarm */
/** @typedef {import("./tuples").HostNow} HostNow */
/** @typedef {import("./tuples").Threshold} Threshold */

export const badge = countWaiting;

const PERIODS = [
  { minutes: 10, title: "10 minutes" },
  { minutes: 60, title: "1 hour" },
  { minutes: 360, title: "6 hours" },
  { minutes: 1440, title: "24 hours" },
];

/** @type {{title: string, unit: string, metrics: [string, string][]}[]} */
const CHARTS = [
  { title: "Processor", unit: "%", metrics: [["cpu_percent", "Used"]] },
  { title: "Memory", unit: "%", metrics: [["memory_percent", "Used"]] },
  { title: "Network", unit: "B/s", metrics: [["net_in", "In"], ["net_out", "Out"]] },
  { title: "Disk", unit: "B/s", metrics: [["disk_read", "Read"], ["disk_write", "Written"]] },
];

export default class HostMetrics extends PeekPage {
  static styles = [
    ...PeekPage.styles,
    css`
      .charts {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr));
        gap: var(--peek-space-4);
      }
      .lists {
        display: grid;
        grid-template-columns: minmax(0, 3fr) minmax(0, 2fr);
        gap: var(--peek-space-4);
        align-items: start;
      }
      @media (max-width: 1100px) {
        .lists {
          grid-template-columns: minmax(0, 1fr);
        }
      }
      select {
        width: auto;
      }
      peek-chart {
        height: clamp(184px, 22vh, 400px);
      }
    `,
  ];

  /** @type {import("@peek/ui").ObserveController<HostNow>} */
  hosts = this.observe(HOST_NOW);
  /** @type {import("@peek/ui").ObserveController<Alarm>} */
  alarms = this.observe(ALARM);
  /** @type {import("@peek/ui").ObserveController<Threshold>} */
  thresholds = this.observe(THRESHOLD);

  history = new History(this);
  acknowledging = new Acknowledging(this, this.alarms);

  alarmColumns = [
    { key: "state", title: "State", value: isWaiting, render: (/** @type {Alarm} */ alarm) => alarmMark(alarm) },
    { key: "what", title: "What", value: alarmText },
    { key: "host", title: "Machine", wide: true },
    { key: "raised_at", title: "Raised", render: (/** @type {Alarm} */ alarm) => html`<peek-time .value=${alarm.raised_at}></peek-time>` },
    { key: "cleared_at", title: "Cleared", wide: true, render: (/** @type {Alarm} */ alarm) => (alarm.cleared_at ? time(alarm.cleared_at) : "–") },
    { key: "ack", title: "Acknowledged", fixed: true, render: (/** @type {Alarm} */ alarm) => this.acknowledging.render(alarm) },
  ];

  processColumns = [
    { key: "name", title: "Process" },
    { key: "pid", title: "Id", numeric: true, wide: true },
    { key: "cpu_percent", title: "Processor", numeric: true, render: (/** @type {import("./tuples").Process} */ row) => percent(row.cpu_percent, 1) },
    { key: "memory", title: "Memory", numeric: true, render: (/** @type {import("./tuples").Process} */ row) => bytes(row.memory) },
  ];

  get minutes() {
    return Number(this.query.minutes) || 10;
  }

  get now() {
    return this.hosts.rows.find((row) => row.host === this.query.host) ?? this.hosts.first;
  }

  /** @param {import("lit").PropertyValues} changed */
  willUpdate(changed) {
    super.willUpdate(changed);
    const now = this.now;
    if (!now) return;
    this.history.show(now.host, this.minutes);
    this.history.append(now.sample);
  }

  render() {
    return html`
      <div class="stack">
        <div class="row">
          <h1>${this.now?.host ?? "Machines"}</h1>
          <peek-freshness .controller=${this.hosts}></peek-freshness>
          <span class="row push">${this.hostChoice()} ${this.periodChoice()}</span>
        </div>
        <peek-view
          .controller=${this.hosts}
          empty="No machine has reported yet"
          help="Start an agent: it reports the machine it runs on within a second or two."
        >
          ${this.now ? this.machine(this.now) : nothing}
        </peek-view>
      </div>
    `;
  }

  /** @param {HostNow} now */
  machine(now) {
    return html`
      <div class="stack">
        ${this.history.error ? html`<peek-banner kind="warning">${this.history.error}</peek-banner>` : nothing}
        <div class="charts">${CHARTS.map((chart) => this.chart(chart))}</div>
        <div class="lists">
          <peek-card heading="Alarms" flush>
            <peek-view .controller=${this.alarms} empty="No alarms" help="All values have been below their thresholds.">
              <!-- Columns given anew are drawn anew: they show what is being acknowledged, which the rows know nothing of. -->
              <peek-table plain label="Alarms" .columns=${[...this.alarmColumns]} .rows=${this.alarms.rows}></peek-table>
            </peek-view>
          </peek-card>
          <peek-card heading="Busiest processes" flush>
            <peek-table plain label="Busiest processes" .rowKey=${(/** @type {{pid: number}} */ row) => String(row.pid)} .columns=${this.processColumns} .rows=${now.processes}></peek-table>
          </peek-card>
        </div>
      </div>
    `;
  }

  /** @param {(typeof CHARTS)[number]} chart */
  chart(chart) {
    const limits = this.thresholds.rows
      .filter((limit) => limit.metric === chart.metrics[0]?.[0])
      .map((limit) => ({ label: limit.level === "danger" ? "Danger" : "Warning", value: limit.raise_at, kind: limit.level }));
    return html`<peek-card heading=${chart.title}>
      <peek-chart
        label=${chart.title}
        max-gap=${3 * this.history.step}
        .series=${chart.metrics.map(([metric, label]) => this.history.series(metric, label, chart.unit))}
        .thresholds=${limits}
      ></peek-chart>
    </peek-card>`;
  }

  hostChoice() {
    if (this.hosts.rows.length < 2) return nothing;
    return html`<select aria-label="Machine" @change=${(/** @type {Event} */ event) => this.choose("host", event)}>
      ${this.hosts.rows.map((row) => html`<option .value=${row.host} ?selected=${row === this.now}>${row.host}</option>`)}
    </select>`;
  }

  periodChoice() {
    return html`<select aria-label="Period" @change=${(/** @type {Event} */ event) => this.choose("minutes", event)}>
      ${PERIODS.map((one) => html`<option .value=${String(one.minutes)} ?selected=${one.minutes === this.minutes}>${one.title}</option>`)}
    </select>`;
  }

  /** @param {string} key @param {Event} event */
  choose(key, event) {
    this.setQuery({ [key]: /** @type {HTMLSelectElement} */ (event.target).value });
  }
}

/** @param {Alarm} alarm */
function alarmMark(alarm) {
  const { kind, word } = alarmState(alarm);
  return html`<peek-state kind=${kind}>${word}</peek-state>`;
}
