// @ts-check
// The course of one machine: the past is asked for once, the present is appended as it arrives. A hole in the samples stays a hole.

/** @typedef {import("./tuples").Series} Series */
/** @typedef {import("./tuples").Sample} Sample */

const POINTS = 600;

export class History {
  /** @param {import("@peek/ui").PeekPage} page */
  constructor(page) {
    this.page = page;
    this.host = "";
    this.minutes = 0;
    this.error = "";
    this.loading = false;
    this.appended = 0;
    /** @type {number[]} */
    this.times = [];
    /** @type {Record<string, number[]>} */
    this.metrics = {};
  }

  /** Seconds between two points; a chart shows three of them without a sample as a gap. */
  get step() {
    return Math.max(1, (this.minutes * 60) / POINTS);
  }

  /** Shows this machine and period; asks for the past when they changed. @param {string} host @param {number} minutes */
  show(host, minutes) {
    if (host === this.host && minutes === this.minutes) return;
    this.host = host;
    this.minutes = minutes;
    this.times = [];
    this.metrics = {};
    void this.load();
  }

  async load() {
    const { host, minutes } = this;
    this.loading = true;
    try {
      /** @type {Series} */
      const series = await this.page.peek.call("peek_plugin_host_metrics.history", { host, minutes, points: POINTS });
      if (host !== this.host || minutes !== this.minutes) return;
      this.times = series.times;
      this.metrics = series.metrics;
      this.appended = 0;
      this.error = "";
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    } finally {
      this.loading = false;
    }
    this.page.requestUpdate();
  }

  /** Appends the present. After a hole, or when many single seconds have gathered, the past is asked for again. @param {Sample} sample */
  append(sample) {
    const at = Date.parse(sample.at) / 1000;
    const last = this.times.at(-1);
    if (last !== undefined && at <= last) return;
    const hole = last === undefined || at - last > 3 * this.step;
    if ((hole || this.appended > POINTS) && !this.loading) void this.load();
    this.times = [...this.times, at].filter((time) => time > at - this.minutes * 60);
    for (const [metric, value] of Object.entries(sample)) {
      if (typeof value === "number") this.metrics[metric] = [...(this.metrics[metric] ?? []), value].slice(-this.times.length);
    }
    this.appended += 1;
  }

  /** One metric as a chart wants it. @param {string} metric @param {string} label @param {string} unit */
  series(metric, label, unit) {
    return { label, unit, times: this.times, values: this.metrics[metric] ?? [] };
  }
}
