// @ts-check
// What the metrics are called, and how their values and alarms are written. Shared by the three sites.
import { bytes, percent } from "@peek/ui";

/** @typedef {import("./tuples").Alarm} Alarm */
/** @typedef {import("./tuples").Threshold} Threshold */
/** @typedef {import("./tuples").HostNow} HostNow */
/** @typedef {import("./tuples").Series} Series */
/** @typedef {import("./tuples").Sample} Sample */
/** @typedef {import("@peek/client").PeekClient} PeekClient */

export const ALARM = "peek_plugin_host_metrics.Alarm";
export const HOST_NOW = "peek_plugin_host_metrics.HostNow";
export const THRESHOLD = "peek_plugin_host_metrics.Threshold";

/** @type {Record<string, string>} */
export const TITLES = {
  cpu_percent: "Processor",
  memory_percent: "Memory",
  disk_percent: "Disk",
  net_in: "Network in",
  net_out: "Network out",
  disk_read: "Disk read",
  disk_write: "Disk written",
};

/** @param {string} metric */
export function title(metric) {
  return TITLES[metric] ?? metric;
}

/** @param {string} metric @param {number} value */
export function valueText(metric, value) {
  return metric.endsWith("_percent") ? percent(value, 1) : `${bytes(value)}/s`;
}

/** @param {Alarm} alarm */
export function alarmText(alarm) {
  return `${title(alarm.metric)} at ${valueText(alarm.metric, alarm.value)} (limit ${valueText(alarm.metric, alarm.limit)})`;
}

/** @param {Alarm} alarm @returns {{kind: import("@peek/ui").StateKind, word: string}} */
export function alarmState(alarm) {
  if (alarm.cleared_at) return { kind: "ok", word: "Cleared" };
  return alarm.level === "danger" ? { kind: "danger", word: "Danger" } : { kind: "warning", word: "Warning" };
}

/** Active and not yet acknowledged: what waits for somebody. @param {Alarm} alarm */
export function isWaiting(alarm) {
  return !alarm.cleared_at && !alarm.acknowledged_at;
}

/** How a present value stands against the thresholds of its metric.
 * @param {readonly Threshold[]} thresholds @param {string} metric @param {number} value
 * @returns {{kind: import("@peek/ui").StateKind, word: string}} */
export function standing(thresholds, metric, value) {
  const crossed = thresholds.filter((one) => one.metric === metric && value >= one.raise_at).map((one) => one.level);
  if (crossed.includes("danger")) return { kind: "danger", word: "Danger" };
  return crossed.length ? { kind: "warning", word: "Warning" } : { kind: "ok", word: "Normal" };
}

/** The number on this plugin's tile: alarms that wait for somebody.
 * @param {PeekClient} peek @param {(count: number) => void} set @returns {() => void} */
export function countWaiting(peek, set) {
  return peek.observe(ALARM, {}, (view) => set(view.rows.filter((row) => isWaiting(/** @type {Alarm} */ (row))).length));
}
