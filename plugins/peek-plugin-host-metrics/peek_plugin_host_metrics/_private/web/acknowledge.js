// @ts-check
// The button of an alarm. The action waits on the device while there is no network; until the page shows that it is acknowledged the
// alarm carries a mark.
import { html } from "lit";
import { time, toast } from "@peek/ui";
import { isWaiting } from "./metrics.js";

/** @typedef {import("./tuples").Alarm} Alarm */

/** The acknowledgements of a page that shows `alarms`. */
export class Acknowledging {
  /** @param {import("@peek/ui").PeekPage} page @param {import("@peek/ui").ObserveController<Alarm>} alarms */
  constructor(page, alarms) {
    /** @type {import("@peek/ui").Taps<number>} */
    this.marks = page.taps(alarms);
  }

  /** @param {Alarm} alarm */
  render(alarm) {
    if (this.marks.has(alarm.id)) return html`<peek-state kind="pending">Sending</peek-state>`;
    if (isWaiting(alarm)) return html`<button @click=${() => this.send(alarm)}>Acknowledge</button>`;
    if (!alarm.acknowledged_at) return html`<span class="weak">–</span>`;
    return html`<span class="weak">${alarm.acknowledged_by}, ${time(alarm.acknowledged_at)}</span>`;
  }

  /** @param {Alarm} alarm */
  async send(alarm) {
    const answer = await this.marks.act(alarm.id, "peek_plugin_host_metrics.AcknowledgeAlarm", { alarm_id: alarm.id });
    if (answer.status === "rejected") toast(answer.message, "warning");
  }
}
