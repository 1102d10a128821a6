/** Asking once before something that cannot be undone: `if (await confirmDialog({…})) …`. */
import { LitElement, html, render } from "lit";
import { texts } from "../texts.ts";
import type { PeekDialog } from "./dialog.ts";
import { controls } from "../theme/controls.ts";
import { typography } from "../theme/typography.ts";

export interface Question {
  /** Names the thing: "Remove Ann Li?" */
  title: string;
  /** What will happen. */
  text: string;
  /** The verb on the button: "Remove". */
  action: string;
  kind?: "danger" | "notice";
}

/** True when the reader chose the action; false for Cancel, Esc and the cross. */
export function confirmDialog(question: Question): Promise<boolean> {
  const host = document.createElement("div");
  document.body.append(host);
  return new Promise((resolve) => {
    let answer = false;
    const settle = (chosen: boolean): void => {
      answer = chosen;
      host.querySelector<PeekDialog>("peek-dialog")?.close();
    };
    const closed = (): void => {
      host.remove();
      resolve(answer);
    };
    render(
      html`<peek-dialog heading=${question.title} open @dialog-close=${closed}>
        <peek-question .question=${question} .settle=${settle}></peek-question>
      </peek-dialog>`,
      host,
    );
  });
}

/** The inside of the question: a text and two buttons. */
export class PeekQuestion extends LitElement {
  static override properties = { question: { attribute: false }, settle: { attribute: false } };
  static override styles = [typography, controls];

  declare question: Question;
  declare settle: (chosen: boolean) => void;

  protected override firstUpdated(): void {
    // The harmless choice has the focus: Enter pressed in haste changes nothing.
    this.renderRoot.querySelector<HTMLElement>("button")?.focus();
  }

  override render() {
    const kind = this.question.kind ?? "danger";
    return html`<div class="stack">
      <p>${this.question.text}</p>
      <div class="actions">
        <button @click=${() => this.settle(false)}>${texts.cancel}</button>
        <button class="primary ${kind === "danger" ? "danger" : ""}" @click=${() => this.settle(true)}>${this.question.action}</button>
      </div>
    </div>`;
  }
}
