/** What every service carries, asked of the server every few seconds while somebody looks; nothing is counted out to anybody otherwise. */
import { html, type TemplateResult } from "lit";
import type { ServiceTraffic } from "@peek/client";
import { PeekPage, bytes, number } from "@peek/ui";
import { texts } from "../texts.ts";

const EVERY_MS = 5_000;

export class AdminTraffic extends PeekPage {
  static override properties = { ...PeekPage.properties, rows: { state: true }, problem: { state: true } };

  /** null until the first answer. */
  private declare rows: readonly ServiceTraffic[] | null;
  private declare problem: string;
  private timer = 0;
  private readonly connectionChanged = (): void => void (this.rows === null && this.look());

  private readonly columns = [
    { key: "kind", title: texts.service },
    { key: "service_id", title: texts.id, wide: true },
    { key: "devices", title: texts.devices, numeric: true },
    { key: "watchers", title: texts.watching, numeric: true, render: (row: ServiceTraffic) => texts.watchersOf(number(row.watchers, 0), number(row.watched, 0)) },
    { key: "kept_bytes", title: texts.kept, numeric: true, wide: true, render: (row: ServiceTraffic) => bytes(row.kept_bytes) },
    { key: "bytes_sent", title: texts.sent, numeric: true, render: (row: ServiceTraffic) => bytes(row.bytes_sent) },
    { key: "waiting_bytes", title: texts.waitingToLeave, numeric: true, wide: true, render: (row: ServiceTraffic) => bytes(row.waiting_bytes) },
    { key: "calls_served", title: texts.callsServed, numeric: true, render: (row: ServiceTraffic) => number(row.calls_served, 0) },
  ];

  constructor() {
    super();
    this.rows = null;
    this.problem = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = window.setInterval(() => void this.look(), EVERY_MS);
    this.peek.connection.addEventListener("change", this.connectionChanged);
    void this.look();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.clearInterval(this.timer);
    this.peek.connection.removeEventListener("change", this.connectionChanged);
  }

  override render(): TemplateResult {
    if (this.problem) return html`<peek-banner kind="warning">${this.problem}</peek-banner>`;
    if (this.rows === null) return html`<peek-skeleton></peek-skeleton>`;
    return html`<peek-table plain label=${texts.traffic} .columns=${this.columns} .rows=${this.rows} .rowKey=${(row: ServiceTraffic) => row.service_id}></peek-table>`;
  }

  /** Asks, unless nobody sees it or there is no link: then what is shown stays. */
  private async look(): Promise<void> {
    if (document.hidden || this.peek.connection.state !== "live") return;
    try {
      this.rows = await this.peek.call<ServiceTraffic[]>("peek.traffic", {}, { timeout: EVERY_MS / 1000 });
      this.problem = "";
    } catch (error) {
      if (this.isConnected && this.rows === null) this.problem = error instanceof Error ? error.message : String(error);
    }
  }
}
