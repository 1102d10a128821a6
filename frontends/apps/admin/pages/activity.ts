/**
 * Everything that people and services had done, newest first: who, on which device, when, and what became of it. Filters, page and opened
 * record are in the address. A row opens beside the list.
 */
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import type { ActionRecord, ActivityPage, ActivityQuery, Json } from "@peek/client";
import { PeekPage, number, time, type Column } from "@peek/ui";
import { actionName } from "../../shell/action-name.ts";
import { FILTERS, MOST_COUNTED, PAGE, activityQuery, detailOf, isFiltered, outcomeOf, recordQuery, whoOf } from "../activity-query.ts";
import { texts } from "../texts.ts";

export class AdminActivity extends PeekPage {
  static override properties = {
    ...PeekPage.properties,
    found: { state: true },
    opened: { state: true },
    error: { state: true },
    live: { state: true },
  };
  static override styles = [
    ...PeekPage.styles,
    css`
      .filters {
        display: grid;
        grid-template-columns: repeat(6, minmax(0, 1fr));
        gap: var(--peek-space-3);
      }
      .filters label {
        display: grid;
        gap: var(--peek-space-1);
        min-width: 0;
        color: var(--peek-text-weak);
        font-size: var(--peek-size-small);
      }
      .message {
        display: grid;
        justify-items: center;
        gap: var(--peek-space-2);
        padding: var(--peek-space-8) var(--peek-space-4);
        text-align: center;
      }
      .message > peek-icon {
        width: 28px;
        height: 28px;
        color: var(--peek-text-weak);
      }
      .foot {
        display: flex;
        align-items: center;
        gap: var(--peek-space-2);
        padding: var(--peek-space-3) var(--peek-space-4);
        border-top: 1px solid var(--peek-line);
      }
      .foot > :first-child {
        flex: 1;
      }
      @media (max-width: 1199px) {
        .filters {
          grid-template-columns: repeat(3, minmax(0, 1fr));
        }
      }
      @media (max-width: 599px) {
        .filters {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
      }
    `,
  ];

  private declare found: ActivityPage | null;
  private declare opened: ActionRecord | null;
  private declare error: string;
  private declare live: boolean;
  private foundAt: Date | null = null;
  private asked = "";
  private readonly connectionChanged = (): void => this.look();

  private readonly narrow = window.matchMedia("(max-width: 639px)");
  private readonly resized = (): void => this.requestUpdate();

  private readonly columns: readonly Column<ActionRecord>[] = [
    { key: "at", title: texts.answeredAt, fixed: true, render: (row: ActionRecord) => html`<peek-time .value=${row.at}></peek-time>` },
    { key: "who", title: texts.person, fixed: true, wide: true, value: whoOf },
    {
      key: "type",
      title: texts.action,
      fixed: true,
      render: (row: ActionRecord) => html`<div>${actionName(row.type)}</div>${this.narrow.matches ? html`<div class="weak small">${whoOf(row)}</div>` : nothing}`,
    },
    {
      key: "outcome",
      title: texts.outcome,
      fixed: true,
      value: (row: ActionRecord) => outcomeOf(row).word,
      render: (row: ActionRecord) => html`<peek-state kind=${outcomeOf(row).kind}>${outcomeOf(row).word}</peek-state>`,
    },
    { key: "detail", title: texts.detail, fixed: true, wide: true, clip: true, value: detailOf },
  ];

  constructor() {
    super();
    this.found = null;
    this.opened = null;
    this.error = "";
    this.live = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.peek?.connection.addEventListener("change", this.connectionChanged);
    this.narrow.addEventListener("change", this.resized);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.peek?.connection.removeEventListener("change", this.connectionChanged);
    this.narrow.removeEventListener("change", this.resized);
  }

  protected override firstUpdated(): void {
    this.peek.connection.addEventListener("change", this.connectionChanged);
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("peek") || changed.has("query")) this.look();
  }

  override render() {
    const filtered = isFiltered(this.query);
    return html`<div class="stack">
      <div class="row">
        <h1>${texts.activity}</h1>
        <span class="push"></span>
        ${filtered ? html`<button class="quiet" @click=${this.clear}>${texts.clearFilters}</button>` : nothing}
        <button class="quiet icon" aria-label=${texts.readAgain} title=${texts.readAgain} ?disabled=${!this.live} @click=${() => void this.load()}>
          <peek-icon name="refresh"></peek-icon>
        </button>
      </div>
      ${this.filters()}
      ${this.live || !this.found ? nothing : html`<peek-banner kind="warning">${texts.activityStale(time(this.foundAt))}</peek-banner>`}
      ${this.error && this.found ? html`<peek-banner kind="danger">${this.error}${this.retryButton()}</peek-banner>` : nothing}
      ${this.body(filtered)}
    </div>`;
  }

  private filters(): TemplateResult {
    return html`<form class="filters" role="search" aria-label=${texts.filterActivity} @submit=${(event: Event) => event.preventDefault()}>
      ${this.words("who", texts.person)} ${this.words("device", texts.device)} ${this.words("type", texts.action)}
      <label>
        ${texts.outcome}
        <select @change=${this.onFilter} name="outcome">
          ${[["", texts.outcomeAny], ["applied", texts.outcomeApplied], ["rejected", texts.outcomeRejected]].map(
            ([value, word]) => html`<option value=${value ?? ""} ?selected=${(this.query["outcome"] ?? "") === value}>${word}</option>`,
          )}
        </select>
      </label>
      ${this.words("from", texts.fromDay, "date")} ${this.words("until", texts.untilDay, "date")}
    </form>`;
  }

  private words(name: (typeof FILTERS)[number], label: string, type = "search"): TemplateResult {
    return html`<label>
      ${label}
      <input name=${name} type=${type} autocomplete="off" spellcheck="false" .value=${this.query[name] ?? ""} @change=${this.onFilter} @search=${this.onFilter} />
    </label>`;
  }

  private body(filtered: boolean): TemplateResult {
    if (this.found === null) return this.nothingYet();
    if (this.found.records.length === 0) {
      return html`<peek-card>${message("idle", filtered ? texts.activityNoMatch : texts.activityNone, filtered ? texts.activityNoMatchHelp : texts.activityNoneHelp)}</peek-card>`;
    }
    const { opened } = this;
    return html`<div class="beside">
      <peek-card flush>
        <peek-table
          plain
          openable
          label=${texts.activity}
          .columns=${opened ? this.columns.filter((column) => column.key !== "detail") : this.columns}
          .rows=${this.found.records}
          .rowKey=${keyOf}
          selected=${opened ? keyOf(opened) : ""}
          @row-open=${(event: CustomEvent<ActionRecord>) => this.setQuery({ open: event.detail.id })}
        ></peek-table>
        ${this.pager(this.found)}
      </peek-card>
      ${opened ? html`<admin-activity-record .record=${opened} @panel-close=${() => this.setQuery({ open: "" })}></admin-activity-record>` : nothing}
    </div>`;
  }

  private nothingYet(): TemplateResult {
    if (this.error) return html`<peek-card>${message("danger", texts.activityFailed, this.error, this.retryButton())}</peek-card>`;
    if (!this.live && this.peek.connection.state !== "connecting") return html`<peek-card>${message("offline", texts.activityOffline, texts.activityOfflineHelp)}</peek-card>`;
    return html`<peek-skeleton></peek-skeleton>`;
  }

  private pager({ total, records }: ActivityPage): TemplateResult {
    const { offset } = activityQuery(this.query);
    const all = total >= MOST_COUNTED ? texts.moreThan(number(MOST_COUNTED, 0)) : number(total, 0);
    const go = (to: number): void => this.setQuery({ offset: to > 0 ? String(to) : "", open: "" });
    return html`<nav class="foot" aria-label=${texts.pages}>
      <span class="weak">${texts.pageOf(number(offset + 1, 0), number(offset + records.length, 0), all)}</span>
      <button class="icon" aria-label=${texts.newer} title=${texts.newer} ?disabled=${offset === 0} @click=${() => go(offset - PAGE)}>
        <peek-icon name="chevron-left"></peek-icon>
      </button>
      <button class="icon" aria-label=${texts.older} title=${texts.older} ?disabled=${records.length < PAGE} @click=${() => go(offset + PAGE)}>
        <peek-icon name="chevron-right"></peek-icon>
      </button>
    </nav>`;
  }

  private retryButton(): TemplateResult {
    return html`<button slot="action" @click=${() => void this.load()}>${texts.tryAgain}</button>`;
  }

  private readonly onFilter = ({ target }: Event): void => {
    const { name, value } = target as HTMLInputElement | HTMLSelectElement;
    if ((this.query[name] ?? "") !== value.trim()) this.setQuery({ [name]: value.trim(), offset: "", open: "" });
  };

  private readonly clear = (): void => this.setQuery({ ...Object.fromEntries(FILTERS.map((key) => [key, ""])), offset: "", open: "" });

  /** Reads what the address asks for, unless that is there already. */
  private look(): void {
    const was = this.live;
    this.live = this.peek.connection.state === "live";
    const wanted = JSON.stringify(activityQuery(this.query));
    if (this.live && (wanted !== this.asked || !was || this.error)) void this.load();
    else this.open();
  }

  private async load(): Promise<void> {
    const query = activityQuery(this.query);
    const asked = (this.asked = JSON.stringify(query));
    try {
      const found = await this.read(query);
      if (asked !== this.asked) return; // a slow answer must not replace a later one
      this.found = found;
      this.foundAt = new Date();
      this.error = "";
    } catch (error) {
      if (asked === this.asked) this.error = error instanceof Error ? error.message : String(error);
    }
    this.open();
  }

  /** Opens the record that the address names, wherever in the list it is. */
  private open(): void {
    const id = this.query["open"] ?? "";
    if (this.opened?.id === id) return;
    this.opened = this.found?.records.find((record) => record.id === id) ?? null;
    if (id === "" || this.opened !== null || !this.live || this.found === null) return;
    this.read(recordQuery(id)).then(
      ({ records: [record] }) => {
        if (this.query["open"] === id) this.opened = record ?? null;
      },
      (error: unknown) => (this.error = error instanceof Error ? error.message : String(error)),
    );
  }

  private read(query: ActivityQuery): Promise<ActivityPage> {
    return this.peek.call<ActivityPage>("peek.activity", { query: query as unknown as Json });
  }
}

function keyOf({ kind, who, device, id }: ActionRecord): string {
  return [kind, who, device, id].join(" ");
}

function message(icon: string, text: string, help: string, button: TemplateResult | typeof nothing = nothing): TemplateResult {
  return html`<div class="message" role=${icon === "danger" ? "alert" : nothing}>
    <peek-icon name=${icon}></peek-icon>
    <p class="strong">${text}</p>
    <p class="weak">${help}</p>
    ${button}
  </div>`;
}
