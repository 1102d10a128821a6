/** One action beside the list: who, where, when, what became of it, and what was sent. `panel-close` when it is to go. */
import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import type { ActionRecord } from "@peek/client";
import { bytes, controls, duration, number, typography } from "@peek/ui";
import { actionName } from "../../shell/action-name.ts";
import { contentOf, outcomeOf, whoOf } from "../activity-query.ts";
import { texts } from "../texts.ts";

/** A clock that is off by less than this is not worth a word. */
const LATE_SECONDS = 5;

export class AdminActivityRecord extends LitElement {
  static override properties = { record: { attribute: false } };
  static override styles = [
    typography,
    controls,
    css`
      :host {
        display: contents;
      }
      pre {
        max-width: 100%;
        margin: 0;
        padding: var(--peek-space-3);
        border: 1px solid var(--peek-line);
        border-radius: var(--peek-radius);
        background: var(--peek-surface-2);
        color: var(--peek-text-strong);
        overflow-wrap: anywhere;
        white-space: pre-wrap;
      }
    `,
  ];

  declare record: ActionRecord;

  override render() {
    const { record } = this;
    const { kind, word } = outcomeOf(record);
    const { text, whole } = contentOf(record);
    return html`<peek-side-panel heading=${actionName(record.type)} @panel-close=${() => this.dispatchEvent(new CustomEvent("panel-close"))}>
      <div class="stack">
        <div><peek-state filled kind=${kind}>${word}</peek-state></div>
        ${record.message ? html`<peek-banner kind=${record.outcome === "rejected" ? "danger" : "notice"}>${record.message}</peek-banner>` : nothing}
        ${this.gap()}
        <dl class="facts">
          ${fact(texts.person, whoOf(record))}
          ${fact(texts.answeredAt, html`<peek-time .value=${record.at}></peek-time>`)}
          ${fact(texts.madeAt, html`<peek-time .value=${record.made}></peek-time>${this.late()}`)}
          ${fact(texts.device, record.device)}
          ${fact(texts.orderKey, record.key || texts.orderKeyNone)}
          ${fact(texts.numberInKey, record.seq === null ? "–" : number(record.seq, 0))}
          ${record.runs > 1 ? fact(texts.runs, number(record.runs, 0)) : nothing}
          ${fact(texts.type, record.type)}
          ${fact(texts.id, record.id)}
        </dl>
        <h3>${texts.content}</h3>
        <pre>${text}</pre>
        ${whole ? nothing : html`<p class="weak small">${texts.contentCut(bytes(record.size))}</p>`}
      </div>
    </peek-side-panel>`;
  }

  private gap(): TemplateResult | typeof nothing {
    const { missing_from: first, seq } = this.record;
    if (first === null || seq === null) return nothing;
    return html`<peek-banner kind="warning">${texts.gap(number(first, 0), number(seq - 1, 0))}</peek-banner>`;
  }

  private late(): TemplateResult | typeof nothing {
    const { made, at } = this.record;
    const seconds = made === null ? 0 : (Date.parse(at) - Date.parse(made)) / 1000;
    return seconds < LATE_SECONDS ? nothing : html` <span class="weak">(${texts.earlier(duration(seconds))})</span>`;
  }
}

function fact(name: string, value: unknown): TemplateResult {
  return html`<dt>${name}</dt><dd>${value}</dd>`;
}
