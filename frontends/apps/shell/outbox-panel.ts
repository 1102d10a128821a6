/** The changes of this device that are not applied yet, and those that were rejected, with the reason. Shown in the header only when there are any. */
import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import type { PeekClient, PendingAction } from "@peek/client";
import { controls, number, typography, type StateKind } from "@peek/ui";
import { actionName } from "./action-name.ts";
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
    if (actions.length === 0 && !this.open) return nothing;
    const { kind, word } = summary(actions);
    return html`
      <button class="quiet" @click=${() => (this.open = true)}><peek-state kind=${kind}>${word}</peek-state></button>
      <peek-dialog heading=${texts.pendingTitle} ?open=${this.open} @dialog-close=${() => (this.open = false)}>
        ${actions.length === 0 ? html`<p>${texts.pendingNone}</p>` : html`<ul>${actions.map((action) => this.action(action))}</ul>`}
      </peek-dialog>
    `;
  }

  private action(action: PendingAction): TemplateResult {
    const kind = kindOf(action);
    return html`<li>
      <div>
        <span class="strong">${actionName(action.type)}</span>
        <span class="weak small"><peek-time .value=${action.made}></peek-time></span>
        <peek-state kind=${kind}>${statusText(action)}</peek-state>
      </div>
      ${kind !== "pending" ? html`<button @click=${() => void this.client.dismiss(action.id)}>${texts.dismiss}</button>` : nothing}
    </li>`;
  }
}

/** The worst of them, in a word. */
function summary(actions: readonly PendingAction[]): { kind: StateKind; word: string } {
  const of = (status: PendingAction["status"]): number => actions.filter((action) => action.status === status).length;
  const [rejected, noticed] = [of("rejected"), of("noticed")];
  if (rejected > 0) return { kind: "danger", word: texts.rejectedOf(number(rejected, 0)) };
  if (noticed > 0) return { kind: "warning", word: texts.noticedOf(number(noticed, 0)) };
  return { kind: "pending", word: texts.pendingOf(number(actions.length, 0)) };
}

function kindOf(action: PendingAction): StateKind {
  if (action.status === "rejected") return "danger";
  return action.status === "noticed" ? "warning" : "pending";
}

function statusText(action: PendingAction): string {
  switch (action.status) {
    case "rejected":
      return `${texts.pendingRejected}: ${action.message}`;
    case "noticed":
      return action.message;
    case "held":
      return texts.pendingHeld(action.principal);
    case "sending":
      return texts.pendingSending;
    case "pending":
      return texts.pendingWaiting;
  }
}
