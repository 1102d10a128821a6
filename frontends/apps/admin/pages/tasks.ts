/** What the workers do and did: state, progress, who asked, and the error of what failed. A row opens beside the list. */
import { html, nothing, type TemplateResult } from "lit";
import { PeekPage, duration } from "@peek/ui";
import { taskName, taskState, type TaskRun } from "../platform.ts";
import { texts } from "../texts.ts";
import { newestFirst } from "./overview.ts";

export class AdminTasks extends PeekPage {
  private readonly tasks = this.observe<TaskRun>("peek.TaskRun");

  private readonly columns = [
    { key: "name", title: texts.task, value: taskName },
    { key: "plugin", title: texts.plugin, wide: true },
    {
      key: "state",
      title: texts.state,
      value: (row: TaskRun) => taskState(row).word,
      render: (row: TaskRun) => html`<peek-state kind=${taskState(row).kind}>${taskState(row).word}</peek-state>`,
    },
    { key: "progress", title: texts.progress, render: progressOf },
    { key: "asked_by", title: texts.askedBy, wide: true },
    { key: "started", title: texts.startedAt, wide: true, render: (row: TaskRun) => html`<peek-time .value=${row.started}></peek-time>` },
    { key: "took", title: texts.took, numeric: true, wide: true, value: seconds, render: (row: TaskRun) => duration(seconds(row)) },
  ];

  override render() {
    const opened = this.tasks.rows.find((row) => row.id === this.query["open"]);
    return html`<div class="stack">
      <div class="row"><h1>${texts.tasks}</h1><peek-freshness class="push" .controller=${this.tasks}></peek-freshness></div>
      <peek-view .controller=${this.tasks} empty=${texts.noTasks} help=${texts.noTasksHelp}>
        <div class="beside">
          <peek-card flush>
            <peek-table
              openable
              label=${texts.tasks}
              .columns=${opened ? this.columns.filter((column) => !column.wide) : this.columns}
              .rows=${newestFirst(this.tasks.rows)}
              filter=${this.query["filter"] ?? ""}
              sort=${this.query["sort"] ?? ""}
              selected=${this.query["open"] ?? ""}
              @filter-change=${(event: CustomEvent<string>) => this.setQuery({ filter: event.detail })}
              @sort-change=${(event: CustomEvent<string>) => this.setQuery({ sort: event.detail })}
              @row-open=${(event: CustomEvent<TaskRun>) => this.setQuery({ open: event.detail.id })}
            ></peek-table>
          </peek-card>
          ${opened ? this.panel(opened) : nothing}
        </div>
      </peek-view>
    </div>`;
  }

  private panel(row: TaskRun): TemplateResult {
    const { kind, word } = taskState(row);
    return html`<peek-side-panel heading=${taskName(row)} @panel-close=${() => this.setQuery({ open: "" })}>
      <div class="stack">
        <div><peek-state filled kind=${kind}>${word}</peek-state></div>
        ${row.state === "running" ? progressOf(row) : nothing}
        ${row.error ? html`<peek-banner kind="danger">${row.error}</peek-banner>` : nothing}
        ${row.note ? html`<p>${row.note}</p>` : nothing}
        <dl class="facts">
          <dt>${texts.plugin}</dt>
          <dd>${row.plugin}</dd>
          <dt>${texts.askedBy}</dt>
          <dd>${row.asked_by || "–"}</dd>
          <dt>${texts.worker}</dt>
          <dd>${row.worker || "–"}</dd>
          <dt>${texts.startedAt}</dt>
          <dd><peek-time .value=${row.started}></peek-time></dd>
          <dt>${texts.ended}</dt>
          <dd><peek-time .value=${row.ended}></peek-time></dd>
          <dt>${texts.took}</dt>
          <dd>${duration(seconds(row))}</dd>
        </dl>
      </div>
    </peek-side-panel>`;
  }
}

function progressOf(row: TaskRun): TemplateResult {
  if (row.state !== "running") return html`<span class="weak">${row.note || "–"}</span>`;
  return html`<peek-progress value=${row.progress} label=${taskName(row)}></peek-progress>`;
}

function seconds(row: TaskRun): number {
  return ((row.ended ? Date.parse(row.ended) : Date.now()) - Date.parse(row.started)) / 1000;
}
