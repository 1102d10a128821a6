// @ts-check
// The button of an alarm. The action waits on the device while there is no network; until it is applied the alarm carries a mark.
import { html } from "lit";
import { time, toast } from "@peek/ui";
import { isWaiting } from "./metrics.js";

/** @typedef {import("./tuples").Alarm} Alarm */

/** Remembers which alarms were tapped and not answered yet, and asks its page to render when that changes. */
export class Acknowledging {
  /** @param {import("@peek/ui").PeekPage} page */
  constructor(page) {
    this.page = page;
    /** @type {Set<number>} */
    this.pending = new Set();
  }

  /** @param {Alarm} alarm */
  render(alarm) {
    if (this.pending.has(alarm.id)) return html`<peek-state kind="pending">Sending</peek-state>`;
    if (isWaiting(alarm)) return html`<button @click=${() => this.send(alarm)}>Acknowledge</button>`;
    if (!alarm.acknowledged_at) return html`<span class="weak">–</span>`;
    return html`<span class="weak">${alarm.acknowledged_by}, ${time(alarm.acknowledged_at)}</span>`;
  }

  /** @param {Alarm} alarm */
  async send(alarm) {
    this.mark(alarm, true);
    try {
      const answer = await this.page.peek.act("peek_plugin_host_metrics.AcknowledgeAlarm", { alarm_id: alarm.id });
      if (answer.status === "rejected") toast(answer.message, "warning");
    } finally {
      this.mark(alarm, false);
    }
  }

  /** @param {Alarm} alarm @param {boolean} pending */
  mark(alarm, pending) {
    if (pending) this.pending.add(alarm.id);
    else this.pending.delete(alarm.id);
    this.page.requestUpdate();
  }
}
