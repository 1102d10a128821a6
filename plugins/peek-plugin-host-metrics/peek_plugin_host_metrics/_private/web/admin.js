// @ts-check
// The administrator's page: thresholds, the agents seen, and a summary of the last hour that a worker computes.
import { css, html, nothing } from "lit";
import { PeekPage, time } from "@peek/ui";
import { TITLES, title, valueText } from "./metrics.js";

/** @typedef {import("./tuples").Host} Host */
/** @typedef {import("./tuples").MetricSummary} MetricSummary */
/** @typedef {{id: string, plugin: string, state: string, progress: number, note: string}} TaskRun */

const SHARES = ["cpu_percent", "memory_percent", "disk_percent"];

export default class HostMetricsAdmin extends PeekPage {
  static properties = { ...PeekPage.properties, summary: { state: true }, asked: { state: true }, error: { state: true } };

  static styles = [
    ...PeekPage.styles,
    css`
      select {
        width: auto;
      }
    `,
  ];

  /** @type {import("@peek/ui").ObserveController<Host>} */
  hosts = this.observe("peek_plugin_host_metrics.Host");
  thresholds = this.observe("peek_plugin_host_metrics.Threshold");
  /** @type {import("@peek/ui").ObserveController<TaskRun>} */
  runs = this.observe("peek.TaskRun");

  thresholdFields = [
    { key: "id", label: "Id", fixed: true },
    {
      key: "metric",
      label: "Metric",
      kind: /** @type {const} */ ("choice"),
      options: SHARES.map((value) => ({ value, label: TITLES[value] ?? value })),
    },
    {
      key: "level",
      label: "Level",
      kind: /** @type {const} */ ("choice"),
      options: [
        { value: "warning", label: "Warning" },
        { value: "danger", label: "Danger" },
      ],
    },
    { key: "raise_at", label: "Raise at", help: "Percent. Raised when the value stays at or above this.", kind: /** @type {const} */ ("float"), minimum: 0, maximum: 100 },
    { key: "clear_at", label: "Clear at", help: "Percent. Cleared when the value stays at or below this.", kind: /** @type {const} */ ("float"), minimum: 0, maximum: 100 },
    { key: "hold_seconds", label: "Hold", help: "Seconds that the value must stay there.", kind: /** @type {const} */ ("int"), minimum: 0, maximum: 3600 },
  ];

  thresholdColumns = [
    { key: "metric", title: "Metric", render: (/** @type {any} */ row) => title(row.metric) },
    { key: "level", title: "Level", render: (/** @type {any} */ row) => html`<peek-state kind=${row.level}>${row.level === "danger" ? "Danger" : "Warning"}</peek-state>` },
    { key: "raise_at", title: "Raise at", numeric: true, render: (/** @type {any} */ row) => `${row.raise_at} %` },
    { key: "clear_at", title: "Clear at", numeric: true, render: (/** @type {any} */ row) => `${row.clear_at} %` },
    { key: "hold_seconds", title: "Hold", numeric: true, wide: true, render: (/** @type {any} */ row) => `${row.hold_seconds} s` },
  ];

  hostColumns = [
    { key: "name", title: "Machine" },
    { key: "agent_id", title: "Agent", wide: true },
    { key: "cores", title: "Cores", numeric: true, wide: true },
    { key: "first_seen", title: "First seen", wide: true, render: (/** @type {Host} */ row) => time(row.first_seen) },
    { key: "last_seen", title: "Last seen", render: (/** @type {Host} */ row) => time(row.last_seen) },
    { key: "summary", title: "Last hour", fixed: true, render: (/** @type {Host} */ row) => this.summariseButton(row) },
  ];

  summaryColumns = [
    { key: "metric", title: "Metric", render: (/** @type {MetricSummary} */ row) => title(row.metric) },
    ...["lowest", "median", "p90", "p99", "highest"].map((key) => ({
      key,
      title: { lowest: "Lowest", median: "Median", p90: "90 %", p99: "99 %", highest: "Highest" }[key] ?? key,
      numeric: true,
      render: (/** @type {any} */ row) => valueText(row.metric, row[key]),
    })),
    { key: "samples", title: "Samples", numeric: true, wide: true },
  ];

  constructor() {
    super();
    /** @type {MetricSummary[] | null} */
    this.summary = null;
    this.asked = "";
    this.error = "";
  }

  render() {
    return html`
      <div class="stack">
        <h1>Host metrics</h1>
        <peek-loader-table
          .peek=${this.peek}
          type="peek_plugin_host_metrics.Threshold"
          what="threshold"
          sort="metric"
          .fields=${this.thresholdFields}
          .follow=${this.thresholds}
          .columns=${this.thresholdColumns}
          .blank=${{ metric: "cpu_percent", level: "warning", raise_at: 80, clear_at: 70, hold_seconds: 10 }}
        ></peek-loader-table>
        <peek-card heading="Agents seen" flush>
          <a slot="actions" href="/settings">Settings</a>
          <peek-view .controller=${this.hosts} empty="No agent has reported yet">
            <peek-table plain label="Agents seen" .columns=${this.hostColumns} .rows=${this.hosts.rows}></peek-table>
          </peek-view>
        </peek-card>
        ${this.summaryCard()}
      </div>
    `;
  }

  /** @param {Host} row */
  summariseButton(row) {
    return html`<button ?disabled=${this.asked !== ""} @click=${() => this.summarise(row.name)}>Summarise</button>`;
  }

  summaryCard() {
    if (this.asked) {
      const run = this.runs.rows.find((one) => one.plugin === "peek_plugin_host_metrics" && one.state === "running");
      return html`<peek-card heading="Last hour of ${this.asked}">
        <peek-progress .value=${run?.progress} label=${run?.note || "Waiting for a worker"}></peek-progress>
      </peek-card>`;
    }
    if (this.error) return html`<peek-banner kind="danger">${this.error}</peek-banner>`;
    if (!this.summary) return nothing;
    return html`<peek-card heading="Last hour" flush>
      <peek-table plain label="Last hour" empty="No samples in this hour" .rowKey=${(/** @type {any} */ row) => row.metric} .columns=${this.summaryColumns} .rows=${this.summary}></peek-table>
    </peek-card>`;
  }

  /** @param {string} host */
  async summarise(host) {
    this.asked = host;
    this.error = "";
    try {
      this.summary = await this.peek.call("peek_plugin_host_metrics.summarise", { host, hours: 1 }, { timeout: 120 });
    } catch (error) {
      this.summary = null;
      this.error = error instanceof Error ? error.message : String(error);
    } finally {
      this.asked = "";
    }
  }
}
