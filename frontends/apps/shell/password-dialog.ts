/** Changing one's own password. */
import { LitElement, html } from "lit";
import type { Json, PeekClient } from "@peek/client";
import { toast, type FormField } from "@peek/ui";
import { texts } from "./texts.ts";

const fields: readonly FormField[] = [
  { key: "current", label: texts.currentPassword, kind: "password", help: texts.currentPasswordHelp, optional: true },
  { key: "replacement", label: texts.newPassword, kind: "password" },
  { key: "repeated", label: texts.repeatPassword, kind: "password" },
];

export class PeekPasswordDialog extends LitElement {
  static override properties = { client: { attribute: false }, open: { type: Boolean } };

  declare client: PeekClient;
  declare open: boolean;

  constructor() {
    super();
    this.open = false;
  }

  override render() {
    return html`<peek-dialog heading=${texts.changePassword} ?open=${this.open} @dialog-close=${this.closed}>
      ${this.open
        ? html`<peek-form creating cancellable action=${texts.changePassword} .fields=${fields} .save=${this.save} @form-cancel=${this.closed}></peek-form>`
        : ""}
    </peek-dialog>`;
  }

  private readonly save = async (values: Record<string, Json>): Promise<void> => {
    if (values["replacement"] !== values["repeated"]) throw new Error(texts.passwordsDiffer);
    const current = values["current"];
    await this.client.session.changePassword(typeof current === "string" ? current : null, String(values["replacement"]));
    toast(texts.passwordChanged, "ok");
    this.closed();
  };

  private readonly closed = (): void => {
    this.open = false;
    this.dispatchEvent(new CustomEvent("dialog-close"));
  };
}
