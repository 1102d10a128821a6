/** One person beside the list: roles, a one-time sign-in link, a new password, removal. */
import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import type { Json, PeekClient } from "@peek/client";
import { confirmDialog, controls, toast, typography, type FormField } from "@peek/ui";
import type { Person } from "../platform.ts";
import { rolesFrom } from "../roles.ts";
import { texts } from "../texts.ts";

const roleFields: readonly FormField[] = [{ key: "roles", label: texts.roles, help: texts.rolesHelp, optional: true }];
const passwordFields: readonly FormField[] = [{ key: "password", label: texts.newPassword, kind: "password" }];

export class AdminPerson extends LitElement {
  static override properties = { peek: { attribute: false }, person: { attribute: false }, link: { state: true }, dialog: { state: true } };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        display: contents;
      }
      .wide {
        justify-content: flex-start;
      }
      hr {
        width: 100%;
        margin: 0;
        border: 0;
        border-top: 1px solid var(--peek-line);
      }
      .link {
        display: flex;
        gap: var(--peek-space-2);
      }
      .link input {
        font-family: var(--peek-font-code);
      }
    `,
  ];

  declare peek: PeekClient;
  declare person: Person;
  private declare link: string;
  private declare dialog: "" | "link" | "password";

  constructor() {
    super();
    this.link = "";
    this.dialog = "";
  }

  override render() {
    const { person } = this;
    return html`
      <peek-side-panel heading=${person.title || person.name} @panel-close=${this.close}>
        <div class="stack">
          <dl class="facts">
            <dt>${texts.signInName}</dt>
            <dd>${person.name}</dd>
            <dt>${texts.lastSeen}</dt>
            <dd>${person.last_seen ? html`<peek-time relative .value=${person.last_seen}></peek-time>` : texts.never}</dd>
            <dt>${texts.password}</dt>
            <dd>${person.has_password ? texts.passwordSet : texts.passwordNone}</dd>
          </dl>
          <peek-form
            action=${texts.saveRoles}
            draft=${`peek.Person.${person.name}`}
            .fields=${roleFields}
            .values=${{ roles: person.roles.join(", ") }}
            .save=${(values: Record<string, Json>) => this.saveRoles(values)}
          ></peek-form>
          <hr />
          <button class="wide" @click=${this.makeLink}><peek-icon name="link"></peek-icon>${texts.makeLink}</button>
          <button class="wide" @click=${() => (this.dialog = "password")}><peek-icon name="key"></peek-icon>${texts.setPassword}</button>
          <button class="wide danger" @click=${this.removePerson}><peek-icon name="delete"></peek-icon>${texts.removePerson}</button>
        </div>
      </peek-side-panel>
      ${this.linkDialog()} ${this.passwordDialog()}
    `;
  }

  private linkDialog(): TemplateResult {
    return html`<peek-dialog wide heading=${texts.signInLink} ?open=${this.dialog === "link"} @dialog-close=${this.closeDialog}>
      <div class="stack">
        <p>${texts.signInLinkText(this.person.title || this.person.name)}</p>
        <div class="link">
          <input readonly aria-label=${texts.signInLink} .value=${this.link} @focus=${(event: Event) => (event.target as HTMLInputElement).select()} />
          <button class="primary" @click=${this.copy}><peek-icon name="copy"></peek-icon>${texts.copy}</button>
        </div>
      </div>
    </peek-dialog>`;
  }

  private passwordDialog(): TemplateResult {
    const open = this.dialog === "password";
    return html`<peek-dialog heading=${texts.setPassword} ?open=${open} @dialog-close=${this.closeDialog}>
      ${open
        ? html`<peek-form
            creating
            cancellable
            action=${texts.setPassword}
            .fields=${passwordFields}
            .save=${(values: Record<string, Json>) => this.savePassword(values)}
            @form-cancel=${this.closeDialog}
          ></peek-form>`
        : nothing}
    </peek-dialog>`;
  }

  private async saveRoles(values: Record<string, Json>): Promise<void> {
    await this.peek.call("peek.set_person_roles", { name: this.person.name, roles: rolesFrom(values["roles"]) });
    toast(texts.rolesSaved(this.person.title || this.person.name), "ok");
  }

  private async savePassword(values: Record<string, Json>): Promise<void> {
    await this.peek.call("peek.set_person_password", { name: this.person.name, password: values["password"] });
    this.dialog = "";
    toast(texts.passwordSaved(this.person.title || this.person.name), "ok");
  }

  private async makeLink(): Promise<void> {
    await this.attempt(async () => {
      const code = await this.peek.call<string>("peek.create_sign_in_link", { name: this.person.name });
      this.link = `${window.location.origin}/sign-in#code=${encodeURIComponent(code)}`;
      this.dialog = "link";
    });
  }

  private async removePerson(): Promise<void> {
    const { person } = this;
    const name = person.title || person.name;
    if (!(await confirmDialog({ title: texts.removeAsk(name), text: texts.removeText, action: texts.remove }))) return;
    await this.attempt(async () => {
      await this.peek.call("peek.remove_person", { name: person.name });
      toast(texts.removed(name), "ok");
      this.close();
    });
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.link);
      toast(texts.copied, "ok");
    } catch {
      // Not allowed, or no secure context: the text stands there, selected on focus.
      toast(texts.copyByHand, "warning");
    }
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "danger");
    }
  }

  private close(): void {
    this.dispatchEvent(new CustomEvent("peek-query", { detail: { open: "" }, bubbles: true, composed: true }));
  }

  private closeDialog(): void {
    this.dialog = "";
    this.link = "";
  }
}
