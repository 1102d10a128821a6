/** The changes of this device that are not applied yet, and those that were rejected, with the reason. Shown in the header only when there are any. */
import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import type { PeekClient, PendingAction } from "@peek/client";
import { controls, number, typography } from "@peek/ui";
import { texts } from "./texts.ts";

export class PeekOutbox extends LitElement {
  static override properties = { client: { attribute: false }, open: { state: true } };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        display: inline-block;
      }
      ul {
        display: grid;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: 1fr auto;
        align-items: center;
        gap: var(--peek-space-1) var(--peek-space-3);
        padding: var(--peek-space-3) 0;
        border-top: 1px solid var(--peek-line);
      }
      li > div {
        display: grid;
        gap: 2px;
        min-width: 0;
        overflow-wrap: anywhere;
      }
    `,
  ];

  declare client: PeekClient;
  private declare open: boolean;
  private readonly changed = (): void => this.requestUpdate();

  constructor() {
    super();
    this.open = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.client?.addEventListener("outbox", this.changed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.client?.removeEventListener("outbox", this.changed);
  }

  protected override firstUpdated(): void {
    this.client.addEventListener("outbox", this.changed);
  }

  override render() {
    const actions = this.client.pending();
    const rejected = actions.filter((action) => action.status === "rejected").length;
    if (actions.length === 0 && !this.open) return nothing;
    const kind = rejected > 0 ? "danger" : "pending";
    const word = rejected > 0 ? texts.rejectedOf(number(rejected, 0)) : texts.pendingOf(number(actions.length, 0));
    return html`
      <button class="quiet" @click=${() => (this.open = true)}><peek-state kind=${kind}>${word}</peek-state></button>
      <peek-dialog heading=${texts.pendingTitle} ?open=${this.open} @dialog-close=${() => (this.open = false)}>
        ${actions.length === 0 ? html`<p>${texts.pendingNone}</p>` : html`<ul>${actions.map((action) => this.action(action))}</ul>`}
      </peek-dialog>
    `;
  }

  private action(action: PendingAction): TemplateResult {
    const rejected = action.status === "rejected";
    return html`<li>
      <div>
        <span class="strong">${nameOf(action.type)}</span>
        <span class="weak small"><peek-time .value=${action.made}></peek-time></span>
        <peek-state kind=${rejected ? "danger" : "pending"}>${statusText(action)}</peek-state>
      </div>
      ${rejected ? html`<button @click=${() => void this.client.dismiss(action.id)}>${texts.dismiss}</button>` : nothing}
    </li>`;
  }
}

function statusText(action: PendingAction): string {
  switch (action.status) {
    case "rejected":
      return `${texts.pendingRejected}: ${action.message}`;
    case "held":
      return texts.pendingHeld(action.principal);
    case "sending":
      return texts.pendingSending;
    case "pending":
      return texts.pendingWaiting;
  }
}

/** `peek_plugin_tutorial.AddIntValue` as people read it: "Add int value". */
function nameOf(type: string): string {
  const words = (type.split(".").at(-1) ?? type).replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
