/** The connection in one word, with the reason on hover. */
import { LitElement, css, html } from "lit";
import type { Connection } from "@peek/client";
import { stamp, typography, type StateKind } from "@peek/ui";
import { texts } from "./texts.ts";

const shown: Record<Connection["state"], { kind: StateKind; word: string }> = {
  live: { kind: "ok", word: texts.live },
  connecting: { kind: "pending", word: texts.connecting },
  offline: { kind: "warning", word: texts.offline },
  "signed-out": { kind: "idle", word: texts.signedOut },
  refused: { kind: "danger", word: texts.refusedShort },
};

export class PeekConnectionState extends LitElement {
  static override properties = { connection: { attribute: false } };
  static override styles = [
    typography,
    css`
      :host {
        display: inline-flex;
      }
    `,
  ];

  declare connection: Connection | undefined;
  private watched: Connection | null = null;
  private readonly changed = (): void => this.requestUpdate();

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watched?.removeEventListener("change", this.changed);
    this.watched = null;
  }

  override render() {
    const connection = this.connection;
    if (!connection) return "";
    if (this.watched !== connection) {
      this.watched?.removeEventListener("change", this.changed);
      connection.addEventListener("change", this.changed);
      this.watched = connection;
    }
    const { kind, word } = shown[connection.state];
    return html`<peek-state role="status" kind=${kind} title=${`${connection.reason || word}\n${stamp(connection.since)}`}>${word}</peek-state>`;
  }
}
